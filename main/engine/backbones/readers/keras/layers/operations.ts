/**
 * Functions that a model calls without a layer: keras.ops in Keras 3 (each its own class), tf.* in Keras 2 (all of the class
 * TFOpLambda, the function's name in the configuration). MobileNetV3's hard swish is written so.
 */
import { z } from 'zod'
import { input, settings, unsupported, type Converter, type LayerSite, type Operand } from '../layer-site'
import { applyFunction } from './activations'
import { arithmetic, concatenate, type Arithmetic } from './merges'
import { reshapeTo } from './pools'

const ARITHMETIC = new Map<string, Arithmetic>([
  ['add', 'add'],
  ['subtract', 'subtract'],
  ['sub', 'subtract'],
  ['multiply', 'multiply'],
  ['mul', 'multiply'],
  ['divide', 'divide'],
  ['true_divide', 'divide'],
  ['truediv', 'divide']
])

/** @param name of the function in snake case, without its module. */
function apply(site: LayerSite, name: string): string {
  const kind = ARITHMETIC.get(name)
  if (kind) {
    const [left, right] = operandsOf(site)
    if (!left || !right) throw unsupported(site, `${name} needs two operands`)
    return arithmetic(site, kind, left, right)
  }
  if (name === 'mean' || name === 'reduce_mean') return mean(site)
  if (name === 'concatenate') return concatenate(site)
  if (name === 'reshape') {
    const [, target] = operandsOf(site)
    const shape = target && 'numbers' in target ? target.numbers : numbersFrom(site.config['newshape'])
    // With the batch, whose size is open, in front.
    return reshapeTo(site, shape.slice(1))
  }
  if (name === 'stop_gradient' || name === 'identity' || name === 'cast') return input(site)
  const result = applyFunction(site, name)
  if (result === null) throw unsupported(site, `the function '${name}' is not supported`)
  return result
}

/** The first by place, others by place or by the keywords that tf and keras.ops give them. */
function operandsOf({ operands, keywords }: LayerSite): Operand[] {
  const named = ['x', 'x1', 'y', 'x2', 'other', 'shape', 'newshape'].flatMap((key) => {
    const value = keywords.get(key)
    return value !== null && typeof value === 'object' ? [value] : []
  })
  return [...operands, ...named]
}

/** Over height and width. */
function mean(site: LayerSite): string {
  const given = (key: string): unknown => site.keywords.get(key) ?? site.config[key]
  const axis = given('axis') ?? operandsOf(site)[1]
  const axes = axis !== null && typeof axis === 'object' && 'numbers' in axis ? axis.numbers : axis
  if (JSON.stringify(axes) !== '[1,2]' && JSON.stringify(axes) !== '[-3,-2]') {
    throw unsupported(site, 'a mean over other axes than height and width is not supported')
  }
  const keepDims = given('keepdims') === true
  return site.draft.push({ name: site.name, op: 'globalAveragePool', input: input(site), keepDims })
}

const numbersFrom = (value: unknown): number[] => z.array(z.number()).max(8).catch([]).parse(value)

/** Keras 3: the class is the function in camel case: 'Relu6', 'HardSigmoid', 'TrueDivide'. */
export const kerasOperation: Converter = (site) =>
  apply(site, site.kind.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase())

/** Keras 2: 'math.multiply', '__operators__.add', 'nn.relu6'. */
export const tensorflowOperation: Converter = (site) => {
  const { function: called } = settings(site, z.object({ function: z.string() }))
  return apply(site, called.slice(called.lastIndexOf('.') + 1))
}
