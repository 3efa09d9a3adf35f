/**
 * Keras' own serialisation of a model, in the forms of Keras 2 (TF.js and .h5 files) and Keras 3 (.keras), as one structure.
 * Sources: keras/src/models/functional.py (`serialize_node`) and, for Keras 2, `Functional.get_config`.
 */
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import { parseCalls, type Call } from './calls'

export interface KerasLayer {
  /** Class name without the package that registered it ('Custom>LayerScale'). */
  kind: string
  name: string
  /** A plain function of keras.ops, not a layer. */
  operation: boolean
  config: Record<string, unknown>
  /** Null in a Sequential model, where each layer reads the one before. */
  calls: Call[] | null
  /** [null, height, width, channels] where the layer knows its input's shape. */
  inputShape: unknown
}

export interface KerasModel {
  name: string
  layers: KerasLayer[]
  /** Names of the input layers, null in a Sequential model. */
  inputs: string[] | null
  output: string | null
  inputShape: unknown
}

/** What Keras' functions compute depends on the version: a hard sigmoid is steeper in 3. */
export type KerasVersion = 2 | 3

const layerSchema = z.object({
  class_name: z.string(),
  name: z.string().nullish(),
  module: z.string().nullish(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: z.array(z.unknown()).nullish(),
  build_config: z.looseObject({ input_shape: z.unknown().optional() }).nullish()
})

const endSchema = z.union([z.string(), z.tuple([z.string()]).rest(z.unknown())])
const networkSchema = z.object({
  name: z.string().default('model'),
  layers: z.array(layerSchema).min(1).max(5000),
  input_layers: z.unknown().optional(),
  output_layers: z.unknown().optional(),
  build_input_shape: z.unknown().optional()
})
const modelSchema = z.object({
  class_name: z.enum(['Model', 'Functional', 'Sequential']),
  config: z.union([z.array(layerSchema).transform((layers) => ({ name: 'model', layers })), networkSchema])
})

/** @throws StudioError backbone/corrupt (not a configuration), backbone/unsupported-layer (several outputs, another class) */
export function parseModel(json: unknown): KerasModel {
  const className = z.looseObject({ class_name: z.string() }).safeParse(json)
  if (className.success && !isModel(className.data.class_name)) {
    throw new StudioError(
      'backbone/unsupported-layer',
      `The model is of the class '${className.data.class_name}', whose layers are in Python code: only Functional and ` +
        'Sequential models describe themselves in their file.',
      { kind: className.data.class_name }
    )
  }
  const parsed = modelSchema.safeParse(json)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw new StudioError('backbone/corrupt', `The model's configuration is wrong at '${path.join('.')}': ${message}.`)
  }
  const { class_name, config } = parsed.data
  const sequential = class_name === 'Sequential'
  const network = networkSchema.parse(config)
  return {
    name: network.name,
    layers: network.layers.map((layer) => parseLayer(layer, sequential)),
    inputs: sequential ? null : ends(network.input_layers),
    output: sequential ? null : onlyOutput(network.name, ends(network.output_layers)),
    inputShape: network.build_input_shape
  }
}

export const isModel = (kind: string): boolean => kind === 'Model' || kind === 'Functional' || kind === 'Sequential'

function parseLayer(layer: z.infer<typeof layerSchema>, sequential: boolean): KerasLayer {
  const own = layer.config['name']
  const name = layer.name ?? (typeof own === 'string' ? own : '')
  return {
    kind: layer.class_name.slice(layer.class_name.lastIndexOf('>') + 1),
    name,
    operation: isOperation(layer),
    config: layer.config,
    calls: sequential ? null : parseCalls(name, layer.inbound_nodes ?? []),
    inputShape: layer.build_config?.input_shape
  }
}

/** Archives name the module; in .h5 files Keras 3 leaves it out, and only a layer has a type of its numbers. */
function isOperation({ module, config, inbound_nodes }: z.infer<typeof layerSchema>): boolean {
  if (module) return /\.ops\b/.test(module)
  const called = z
    .array(z.looseObject({ args: z.array(z.unknown()) }))
    .min(1)
    .safeParse(inbound_nodes).success
  return called && !('trainable' in config) && !('dtype' in config)
}

/** One end is written as [name, 0, 0] or as a list of such, by version. */
function ends(value: unknown): string[] {
  const one = endSchema.safeParse(value)
  if (one.success) return [typeof one.data === 'string' ? one.data : one.data[0]]
  const several = z.array(endSchema).safeParse(value)
  return several.success ? several.data.map((end) => (typeof end === 'string' ? end : end[0])) : []
}

function onlyOutput(model: string, outputs: string[]): string | null {
  if (outputs.length <= 1) return outputs[0] ?? null
  throw new StudioError(
    'backbone/unsupported-layer',
    `The model '${model}' has ${outputs.length} outputs (${outputs.join(', ')}); a backbone has one.`
  )
}
