/** The variables of a SavedModel by names that people gave them, where the file tells, and in the order in which they were made. */
import { StudioError } from '@shared/errors'
import { fieldsNumbered, textField } from '@shared/formats/protobuf/reader'
import type { SavedObject } from './saved-model-proto'
import { readString, type Checkpoint } from './tensor-bundle'
import type { SourceTensor } from '../../twin/source-tensor'

const OBJECT_GRAPH = '_CHECKPOINTABLE_OBJECT_GRAPH'
const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE'
/** What an optimiser or a trainer keeps beside the weights. */
const NOT_A_WEIGHT =
  /(^|\/)(Adam(_\d)?|Momentum|RMSProp(_\d)?|Adagrad|ExponentialMovingAverage|\.OPTIMIZER_SLOT|optimizer|_optimizer|global_step|save_counter|iterations?|learning_rate|local_step|biased|keras_api)(\/|$)/i
const FLOATS = ['float32', 'float64', 'bfloat16', 'float16']

/**
 * Each variable once, though an exported Keras model lists it several times: in numerical order of its keys ('variables/2'
 * before 'variables/10').
 *
 * @param objects of saved_model.pb; none for a bare checkpoint
 * @throws StudioError backbone/corrupt
 */
export async function namedVariables(checkpoint: Checkpoint, objects: readonly SavedObject[]): Promise<SourceTensor[]> {
  const fullNames = await readFullNames(checkpoint)
  const seen = new Set<string>()
  return checkpoint.keys
    .filter((key) => key !== OBJECT_GRAPH && !NOT_A_WEIGHT.test(key))
    .sort(compareKeys)
    .flatMap((key) => {
      const tensor = checkpoint.tensor(key)
      if (!FLOATS.includes(tensor.dtype)) return []
      const named = variableAt(objects, key) ?? fullNames.get(key) ?? ''
      // A name without a layer, such as 'Variable' or 'kernel', says no more than the path of the objects does.
      const name = named.includes('/') ? named : key.replace(VALUE, '')
      if (named.includes('/') && seen.has(`${name}[${tensor.shape}]`)) return []
      seen.add(`${name}[${tensor.shape}]`)
      return [{ name, shape: tensor.shape, floats: () => tensor.floats() }]
    })
}

/** TrackableObjectGraph: nodes (1) with attributes (2) of full name (2) and checkpoint key (3). */
async function readFullNames(checkpoint: Checkpoint): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  if (!checkpoint.keys.includes(OBJECT_GRAPH)) return names
  try {
    const message = await readString(checkpoint.tensor(OBJECT_GRAPH))
    for (const { bytes: node } of fieldsNumbered(message, 1)) {
      for (const { bytes: attribute } of fieldsNumbered(node, 2)) {
        const name = textField(attribute, 2).replace(/:0$/, '')
        if (name) names.set(textField(attribute, 3), name)
      }
    }
  } catch (error) {
    if (error instanceof StudioError) throw error
    const why = (error as Error).message
    throw new StudioError(
      'backbone/corrupt',
      `The checkpoint's list of objects is damaged: ${why}.`,
      {},
      { cause: error }
    )
  }
  return names
}

/** A key is the path from the root to the variable, which knows its name. */
function variableAt(objects: readonly SavedObject[], key: string): string | null {
  if (!key.endsWith(VALUE)) return null
  let object = objects[0]
  for (const step of key.slice(0, -VALUE.length).split('/')) {
    const child = object?.children.get(step.replaceAll('.S', '/').replaceAll('..', '.'))
    object = child === undefined ? undefined : objects[child]
  }
  return object?.variable ?? null
}

/** By their parts, numbers as numbers; what begins with an underscore, Keras' second list, last. */
function compareKeys(a: string, b: string): number {
  const [left, right] = [a.split(/[/-]/), b.split(/[/-]/)]
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [x, y] = [left[index]!, right[index]!]
    if (x === y) continue
    const hidden = Number(x.startsWith('_')) - Number(y.startsWith('_'))
    if (index === 0 && hidden !== 0) return hidden
    if (/^\d+$/.test(x) && /^\d+$/.test(y)) return Number(x) - Number(y)
    return x < y ? -1 : 1
  }
  return left.length - right.length
}
