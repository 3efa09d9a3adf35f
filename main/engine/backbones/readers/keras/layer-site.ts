/** One call of one layer, as its converter sees it. */
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import type { WeightTensor } from '../../graph'
import type { GraphDraft } from '../draft'
import type { KerasVersion } from './config'
import type { Place, WeightSource } from './weights'

/** What flows into a layer: a node's value, or numbers. */
export type Operand = { value: string } | { numbers: number[] }

export interface LayerSite {
  kind: string
  /** Of the node that stands for the layer's result. */
  name: string
  config: Record<string, unknown>
  operands: Operand[]
  keywords: ReadonlyMap<string, Operand | string | boolean | null>
  version: KerasVersion
  draft: GraphDraft
  place: Place
  source: WeightSource
}

/** @returns the name of the node that makes the layer's result: its own, or that of its input when it does nothing. */
export type Converter = (site: LayerSite) => string

/** @throws StudioError backbone/corrupt when the layer is called without a value */
export function input(site: LayerSite, index = 0): string {
  const operand = site.operands[index]
  if (operand && 'value' in operand) return operand.value
  throw new StudioError('backbone/corrupt', `Layer '${site.name}' (${site.kind}) reads nothing.`, { layer: site.name })
}

export const inputs = (site: LayerSite): string[] => site.operands.map((_, index) => input(site, index))

/** @throws StudioError backbone/unsupported-layer naming layer and setting */
export function settings<T>(site: LayerSite, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(site.config)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw unsupported(site, `its setting '${path.join('.')}' (${message}) is not supported`)
}

/**
 * Takes a variable of the layer into the graph, under the node's name and the first of the roles.
 * @param index the variable's number in the layer, as Keras lists them.
 * @param reshape what the graph wants instead of the tensor as it is stored.
 * @throws StudioError backbone/corrupt when the file has no such weight
 */
export function weight(
  site: LayerSite,
  roles: readonly [string, ...string[]],
  index: number,
  reshape: (tensor: WeightTensor) => WeightTensor = (tensor) => tensor
): string {
  const tensor = site.source(site.place, roles, index)
  const key = `${site.name}/${roles[0]}`
  if (tensor) return site.draft.keep(key, reshape(tensor))
  throw new StudioError('backbone/corrupt', `Layer '${site.name}' (${site.kind}) has no weight '${key}' in the file.`, {
    layer: site.name
  })
}

/** @param why a clause: 'layers of this class are not known'. */
export const unsupported = ({ name, kind }: LayerSite, why: string): StudioError =>
  new StudioError(
    'backbone/unsupported-layer',
    `Layer '${name}' (${kind}) cannot be run: ${why}. Export the model as ONNX or as a SavedModel, and import that as it is.`,
    { layer: name, kind }
  )

export const pair = z.union([
  z.tuple([z.int().min(1), z.int().min(1)]),
  z
    .int()
    .min(1)
    .transform((n): [number, number] => [n, n])
])

/** Whatever the framework's default was when the file was written, TensorFlow's layers are channels-last. */
export const channelsLast = z
  .literal('channels_last', { error: 'only channels_last can be run' })
  .nullish()
  .transform(() => 'channels_last' as const)

/** The last axis of a picture, however it is written: -1, 3, [3]. For a feature vector it is 1. */
export function lastAxisOnly(site: LayerSite, axis: unknown): void {
  const axes = Array.isArray(axis) ? (axis as unknown[]) : [axis]
  const last = site.draft.shape(input(site)).length
  if (axes.length !== 1 || (axes[0] !== -1 && axes[0] !== last)) {
    throw unsupported(site, `it works along axis ${JSON.stringify(axis)}, not along the channels`)
  }
}
