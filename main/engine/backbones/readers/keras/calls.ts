/** How layers read each other: the `inbound_nodes` of Keras 2 and 3. */
import { StudioError } from '@shared/errors'
import { z } from 'zod'

/** Another layer's value: of its first, second … call. */
export class Reference {
  readonly layer: string
  readonly call: number

  constructor(layer: string, call: number) {
    this.layer = layer
    this.call = call
  }
}

/** What a layer is called with: values of other layers, numbers, or lists of numbers. */
export type Argument = Reference | number | number[]

export interface Call {
  /** In order, lists of values laid out flat. */
  arguments: Argument[]
  keywords: Map<string, Argument | string | boolean | null>
}

const reference2 = z.tuple([z.string(), z.int().min(0), z.int().min(0)]).rest(z.unknown())
const constant2 = z.tuple([z.literal('_CONSTANT_VALUE'), z.int(), z.unknown()]).rest(z.unknown())
const call3 = z.object({ args: z.array(z.unknown()), kwargs: z.record(z.string(), z.unknown()).default({}) })
const tensor3 = z.object({
  class_name: z.literal('__keras_tensor__'),
  config: z.object({ keras_history: z.tuple([z.string(), z.int().min(0), z.int().min(0)]) })
})
const array3 = z.object({
  class_name: z.enum(['__numpy__', '__tensor__', '__array__']),
  config: z.object({ value: z.unknown() })
})

/** Values of a model's own nesting are never deeper. */
const MAX_DEPTH = 8

/** @throws StudioError backbone/corrupt when they are in neither form */
export function parseCalls(layer: string, nodes: unknown[]): Call[] {
  return nodes.map((node) => {
    const modern = call3.safeParse(node)
    if (modern.success) return parseModern(layer, modern.data)
    if (Array.isArray(node)) return parseClassic(layer, node)
    throw corrupt(layer, 'its connections are in no form that Keras writes')
  })
}

function parseModern(layer: string, { args, kwargs }: z.infer<typeof call3>): Call {
  const call: Call = { arguments: args.flatMap((value) => argumentsOf(layer, value, 0)), keywords: new Map() }
  for (const [key, value] of Object.entries(kwargs)) setKeyword(call, layer, key, value)
  return call
}

/** Each entry [layer, call, output, keywords]; a single one may stand for the whole list. */
function parseClassic(layer: string, node: unknown[]): Call {
  const entries = typeof node[0] === 'string' ? [node] : node
  const call: Call = { arguments: [], keywords: new Map() }
  for (const entry of entries) {
    const constant = constant2.safeParse(entry)
    const reference = reference2.safeParse(entry)
    if (constant.success) call.arguments.push(...argumentsOf(layer, constant.data[2], 0))
    else if (reference.success) call.arguments.push(new Reference(reference.data[0], reference.data[1]))
    else throw corrupt(layer, 'its connections are in no form that Keras writes')
    const keywords = z.record(z.string(), z.unknown()).safeParse((entry as unknown[])[3])
    if (keywords.success) {
      for (const [key, value] of Object.entries(keywords.data)) setKeyword(call, layer, key, value)
    }
  }
  return call
}

function setKeyword(call: Call, layer: string, key: string, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) call.keywords.set(key, value)
  else {
    const reference = reference2.safeParse(value)
    const found = reference.success
      ? [new Reference(reference.data[0], reference.data[1])]
      : argumentsOf(layer, value, 0, false)
    if (found.length === 1) call.keywords.set(key, found[0]!)
  }
}

function argumentsOf(layer: string, value: unknown, depth: number, strict = true): Argument[] {
  if (depth > MAX_DEPTH) throw corrupt(layer, 'its connections are nested too deep')
  if (typeof value === 'number') return [value]
  const tensor = tensor3.safeParse(value)
  if (tensor.success) {
    const [name, call] = tensor.data.config.keras_history
    return [new Reference(name, call)]
  }
  const array = array3.safeParse(value)
  if (array.success) return [numbersOf(layer, array.data.config.value)]
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every((item) => typeof item === 'number')) return [value as number[]]
    return value.flatMap((item) => argumentsOf(layer, item, depth + 1, strict))
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || !strict) return []
  throw corrupt(layer, 'it is called with a value of an unknown form')
}

/** A nested array of numbers, laid out flat. */
export function numbersOf(layer: string, value: unknown): number[] {
  const flat = Array.isArray(value) ? (value.flat(MAX_DEPTH) as unknown[]) : [value]
  if (flat.length === 0 || flat.length > 65_536 || !flat.every((item) => typeof item === 'number')) {
    throw corrupt(layer, 'it has a constant that is not an array of numbers')
  }
  return flat as number[]
}

const corrupt = (layer: string, why: string): StudioError =>
  new StudioError('backbone/corrupt', `Layer '${layer}' cannot be read: ${why}.`, { layer })
