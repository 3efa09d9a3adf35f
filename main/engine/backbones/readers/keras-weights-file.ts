/** Weights without a model: the two layouts that Keras writes, brought to the names `layer/variable`. */
import type { SourceTensor } from '../twin/source-tensor'
import type { H5Content } from './h5/read-h5'
import { withoutNumbers } from './keras/weights'

/** In the order of the layers and of their variables. */
export function layerTensors(content: H5Content): SourceTensor[] {
  const root = content.attributes.get('') ?? {}
  const classic = listed(root, 'layer_names')
  return classic.length > 0 ? classicTensors(content, classic) : groupedTensors(content)
}

/** Before Keras 3: a group for each layer, in it what the layer's attribute lists ('Conv1/kernel:0'). */
function classicTensors({ attributes, tensors }: H5Content, layers: string[]): SourceTensor[] {
  return layers.flatMap((layer) =>
    listed(attributes.get(layer) ?? {}, 'weight_names').flatMap((name) => {
      const tensor = tensors.get(`${layer}/${name}`)
      return tensor ? [source(withoutNumbers(name).replace('layer_scale/variable', 'layer_scale/gamma'), tensor)] : []
    })
  )
}

/** Long lists are cut into several attributes: 'layer_names0', 'layer_names1' (keras/src/legacy/saving/legacy_h5_format.py). */
function listed(attributes: Record<string, string | string[]>, name: string): string[] {
  const whole = attributes[name]
  if (Array.isArray(whole)) return whole
  const parts: string[] = []
  for (let index = 0; Array.isArray(attributes[`${name}${index}`]); index++) {
    parts.push(...(attributes[`${name}${index}`] as string[]))
  }
  return parts
}

const NORM = ['gamma', 'beta', 'moving_mean', 'moving_variance']

/** The variables of each class, in its order; a batch-norm without gamma has three. */
const VARIABLES = new Map<string, (count: number) => readonly string[]>([
  ['conv2d', () => ['kernel', 'bias']],
  ['depthwise_conv2d', () => ['depthwise_kernel', 'bias']],
  ['separable_conv2d', () => ['depthwise_kernel', 'pointwise_kernel', 'bias']],
  ['dense', () => ['kernel', 'bias']],
  ['batch_normalization', (count) => NORM.slice(4 - count)],
  ['layer_normalization', () => ['gamma', 'beta']],
  ['layer_scale', () => ['gamma']],
  ['normalization', () => ['mean', 'variance', 'count']]
])

/** Keras 3 (.weights.h5): groups by class and number, the layer's name as an attribute, variables by number. */
function groupedTensors({ attributes, tensors }: H5Content): SourceTensor[] {
  const groups = new Map<string, number>()
  for (const key of tensors.keys()) {
    const [, group] = /^(.*\/vars)\/\d+$/.exec(key) ?? []
    if (group !== undefined) groups.set(group, (groups.get(group) ?? 0) + 1)
  }
  return [...groups].flatMap(([group, count]) => {
    const [own] = group.split('/').slice(-2)
    const roles = VARIABLES.get(own!.replace(/_\d+$/, ''))?.(count) ?? []
    const name = attributes.get(group)?.['name']
    const layer = typeof name === 'string' ? name : own!
    return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
      const tensor = tensors.get(`${group}/${index}`)
      const role = roles[index] ?? String(index)
      return tensor && role !== 'count' ? [source(`${layer}/${role}`, tensor)] : []
    })
  })
}

const source = (name: string, { shape, data }: { shape: number[]; data: Float32Array }): SourceTensor => ({
  name,
  shape,
  floats: () => Promise.resolve(data)
})
