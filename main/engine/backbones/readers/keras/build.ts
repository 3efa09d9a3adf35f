/** A Keras model as a NetworkGraph: its layers in turn, the models inside it opened out. */
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import type { NetworkGraph } from '../../graph'
import { GraphDraft } from '../draft'
import { Reference, type Argument, type Call } from './calls'
import { isModel, parseModel, type KerasLayer, type KerasModel, type KerasVersion } from './config'
import { unsupported, type Converter, type LayerSite, type Operand } from './layer-site'
import { ACTIVATIONS } from './layers/activations'
import { CONVOLUTIONS } from './layers/convolutions'
import { MERGES } from './layers/merges'
import { NORMS } from './layers/norms'
import { kerasOperation, tensorflowOperation } from './layers/operations'
import { POOLS } from './layers/pools'
import { groupNames, type Place, type WeightSource } from './weights'

const CONVERTERS = new Map<string, Converter>([
  ...CONVOLUTIONS,
  ...ACTIVATIONS,
  ...NORMS,
  ...MERGES,
  ...POOLS,
  ['TFOpLambda', tensorflowOperation]
])

/** Taken where a model leaves height and width open. */
const OPEN_SIDE = 224
/** Models inside models: deeper than this is an attack, not a model. */
const MAX_NESTING = 16

interface Surroundings {
  draft: GraphDraft
  source: WeightSource
  version: KerasVersion
  /** Of the model, without the layers' own. */
  place: Place
}

/**
 * @param json the model's configuration: { class_name, config }.
 * @throws StudioError backbone/corrupt, backbone/unsupported-layer (naming layer and class)
 */
export function buildKerasModel(
  json: unknown,
  source: WeightSource,
  version: KerasVersion
): { graph: NetworkGraph; notes: string[] } {
  const model = parseModel(json)
  const draft = new GraphDraft()
  const output = buildModel(model, null, { draft, source, version, place: { names: [], group: '' } })
  return { graph: draft.finish(model.name, output), notes: [...draft.notes] }
}

/** @param given the value that the model around this one hands in; null for the outermost. */
function buildModel(model: KerasModel, given: string | null, around: Surroundings): string {
  if (around.place.names.length > MAX_NESTING) throw corrupt(`Models are nested deeper than ${MAX_NESTING} times.`)
  const groups = groupNames(model.layers.filter(({ operation }) => !operation).map(({ kind }) => kind))
  const prefix = around.place.group === '' ? '' : `${around.place.group}/`
  let counted = 0
  const values = new Map<string, string[]>()
  const pending = model.layers.map((layer) => ({
    layer,
    place: {
      names: [...around.place.names, layer.name],
      group: `${prefix}layers/${layer.operation ? '' : groups[counted++]}`
    }
  }))
  let last = given
  const inSequence = model.inputs === null
  if (inSequence && last === null && pending[0]!.layer.kind !== 'InputLayer') {
    last = pushInput(`${pending[0]!.layer.name}_input`, shapeOfInput(pending[0]!.layer, model), around)
  }
  for (let rest = pending; rest.length > 0;) {
    const waiting: typeof pending = []
    for (const item of rest) {
      const result = inSequence
        ? [inRow(item.layer, item.place, last, model, around)]
        : inNetwork(item.layer, item.place, given, values, model, around)
      if (result === null) {
        waiting.push(item)
        continue
      }
      values.set(item.layer.name, result)
      last = result.at(-1) ?? last
    }
    if (waiting.length === rest.length) {
      throw corrupt(`Layer '${waiting[0]!.layer.name}' reads a layer that does not exist, or itself.`)
    }
    rest = waiting
  }
  const output = inSequence || model.output === null ? last : values.get(model.output)?.at(-1)
  if (output === null || output === undefined)
    throw corrupt(`The model '${model.name}' has no output '${model.output}'.`)
  return output
}

function inRow(layer: KerasLayer, place: Place, last: string | null, model: KerasModel, around: Surroundings): string {
  if (layer.kind === 'InputLayer') return last ?? pushInput(layer.name, shapeOfInput(layer, model), around)
  return convert(layer, place, [{ value: last! }], new Map(), 0, around)
}

/** @returns the value of each call, or null while what they read is not there yet. */
function inNetwork(
  layer: KerasLayer,
  place: Place,
  given: string | null,
  values: ReadonlyMap<string, string[]>,
  model: KerasModel,
  around: Surroundings
): string[] | null {
  if (layer.kind === 'InputLayer') {
    if ((model.inputs?.length ?? 0) > 1) throw severalInputs(model)
    return [given ?? pushInput(layer.name, shapeOfInput(layer, model), around)]
  }
  const calls = layer.calls ?? []
  if (!calls.every((call) => references(call).every(({ layer: name }) => values.has(name)))) return null
  const operand = (argument: Argument): Operand => {
    if (typeof argument === 'number') return { numbers: [argument] }
    if (!(argument instanceof Reference)) return { numbers: argument }
    const results = values.get(argument.layer)!
    // A model's first call may be counted from the time when it stood alone.
    const value = results[argument.call] ?? results.at(-1)
    if (value === undefined) throw corrupt(`Layer '${layer.name}' reads '${argument.layer}', which reads nothing.`)
    return { value }
  }
  return calls.map((call, index) => {
    const keywords = new Map(
      [...call.keywords].map(([key, value]) => [
        key,
        value === null || typeof value === 'string' || typeof value === 'boolean' ? value : operand(value)
      ])
    )
    return convert(layer, place, call.arguments.map(operand), keywords, index, around)
  })
}

const references = (call: Call): Reference[] =>
  [...call.arguments, ...call.keywords.values()].filter((argument) => argument instanceof Reference)

function convert(
  layer: KerasLayer,
  place: Place,
  operands: Operand[],
  keywords: LayerSite['keywords'],
  call: number,
  { draft, source, version }: Surroundings
): string {
  const { kind, config } = layer
  if (isModel(kind)) return openModel(layer, place, operands, call, { draft, source, version, place })
  const name = draft.freeName(draft.has(layer.name) ? place.names.join('/') : layer.name)
  const site: LayerSite = { kind, name, config, operands, keywords, version, draft, place, source }
  const converter = layer.operation ? kerasOperation : CONVERTERS.get(kind)
  if (!converter) throw unsupported(site, 'layers of this class are not known')
  const before = draft.weights.size
  const result = converter(site)
  if (call > 0 && draft.weights.size > before) {
    throw unsupported(site, 'it is used several times, and two places that share their weights are not supported')
  }
  return result
}

function openModel(layer: KerasLayer, place: Place, operands: Operand[], call: number, around: Surroundings): string {
  const site: LayerSite = { ...around, kind: layer.kind, name: layer.name, config: {}, operands, keywords: new Map() }
  if (call > 0) throw unsupported(site, 'a model that is used several times is not supported')
  const [only, ...more] = operands
  if (!only || !('value' in only) || more.length > 0) throw unsupported(site, 'a model inside must have one input')
  return buildModel(parseModel({ class_name: layer.kind, config: layer.config }), only.value, around)
}

function pushInput(name: string, shape: unknown, { draft }: Surroundings): string {
  const parsed = z.tuple([z.unknown(), side.nullable(), side.nullable(), side]).safeParse(shape)
  if (!parsed.success) {
    throw new StudioError(
      'backbone/unsupported-layer',
      `The input '${name}' is ${JSON.stringify(shape) ?? 'of an unknown shape'}, not [null, height, width, channels].`,
      { layer: name }
    )
  }
  const [, height, width, channels] = parsed.data
  if (height === null || width === null) {
    draft.notes.add(`The model leaves its input's size open: ${OPEN_SIDE} × ${OPEN_SIDE} was taken.`)
  }
  return draft.push({
    name: draft.freeName(name),
    op: 'input',
    height: height ?? OPEN_SIDE,
    width: width ?? OPEN_SIDE,
    channels
  })
}

const side = z.int().min(1).max(16_384)

const shapeOfInput = ({ config, inputShape }: KerasLayer, model: KerasModel): unknown =>
  config['batch_input_shape'] ?? config['batch_shape'] ?? model.inputShape ?? inputShape

const severalInputs = ({ name, inputs }: KerasModel): StudioError =>
  new StudioError(
    'backbone/unsupported-layer',
    `The model '${name}' has ${inputs!.length} inputs (${inputs!.join(', ')}); a backbone has one.`
  )

const corrupt = (why: string): StudioError => new StudioError('backbone/corrupt', why)
