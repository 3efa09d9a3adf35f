/** Where the weights of a Keras model come from, by layer and role. */
import type { WeightTensor } from '../../graph'

/** Where a layer stands in its model. */
export interface Place {
  /** Its own name, after those of the models around it. */
  names: string[]
  /** Its group in the weights of a Keras 3 archive: 'layers/functional/layers/conv2d_1'. */
  group: string
}

/** @param index the variable's number in the layer, as Keras lists them. */
export type WeightSource = (place: Place, roles: readonly string[], index: number) => WeightTensor | undefined

/**
 * Weights under their names, as TF.js folders and .h5 files have them: 'conv/kernel', 'outer/conv/kernel:0', 'conv/conv/kernel'.
 * A layer takes what ends in its own name and the role; of several, that which also names the models around it.
 */
export function namedWeights(tensors: ReadonlyMap<string, WeightTensor>): WeightSource {
  const byEnd = new Map<string, string[]>()
  for (const key of tensors.keys()) {
    const end = withoutNumbers(key).split('/').slice(-2).join('/')
    byEnd.set(end, [...(byEnd.get(end) ?? []), key])
  }
  // A layer's own name may hold slashes ('block/conv'); then only the whole name tells.
  const whole = new Map([...tensors.keys()].map((key) => [key.replace(/:\d+$/, ''), key]))
  return ({ names }, roles) => {
    const name = names.at(-1)!
    for (const role of roles) {
      const exact = whole.get(`${name}/${role}`) ?? whole.get(`${name}/${name}/${role}`)
      const keys = byEnd.get(`${name}/${role}`.split('/').slice(-2).join('/')) ?? []
      const inside = keys.filter((key) => names.every((part) => `/${key}`.includes(`/${part}/`)))
      const found = (names.length > 1 ? inside[0] : undefined) ?? exact ?? inside[0] ?? keys[0]
      if (found !== undefined && `/${found}`.includes(`/${name}/`)) return tensors.get(found)
    }
    return undefined
  }
}

/** 'conv/kernel:0' → 'conv/kernel'; a variable that its layer gave no name is 'Variable' or 'variable_12', whichever it was. */
export const withoutNumbers = (key: string): string =>
  key.replace(/:\d+$/, '').replace(/\/variable(_\d+)?$/i, '/variable')

/** Weights under the groups of a Keras 3 archive: 'layers/conv2d/vars/0'. */
export function groupedWeights(tensors: ReadonlyMap<string, WeightTensor>): WeightSource {
  return ({ group }, _roles, index) =>
    tensors.get(`${group}/vars/${index}`) ??
    // As Keras 2.12 and 2.13 named the groups.
    tensors.get(`${group.replace(/\blayers\b/g, '_layer_checkpoint_dependencies')}/vars/${index}`)
}

/**
 * Names the groups of one model's layers, as keras/src/saving/saving_lib.py (`_save_container_state`) does: the class in snake
 * case, with a number from the second on.
 */
export function groupNames(kinds: readonly string[]): string[] {
  const used = new Map<string, number>()
  return kinds.map((kind) => {
    const name = kind
      .replace(/\W+/g, '')
      .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase()
    const count = used.get(name)
    used.set(name, (count ?? -1) + 1)
    return count === undefined ? name : `${name}_${count + 1}`
  })
}
