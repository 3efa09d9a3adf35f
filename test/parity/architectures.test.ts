/**
 * Each built-in architecture against the Keras application that it is written after: the same random weights, the same picture,
 * layer by layer; then the logits of what our readers make of each file that Keras wrote, and of its SavedModel run as it is. The pictures are of an odd size that halves to even and odd ones, where paddings differ most.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf, type WeightSource } from '../../main/engine/backbones/architectures'
import type { NetworkGraph } from '../../main/engine/backbones/graph'
import { countMultiplyAdds } from '../../main/engine/backbones/measures'
import { interpret } from '../../main/engine/backbones/reference'
import { detectAndRead } from '../../main/engine/backbones/readers'
import { cutAt, withInputSize } from '../../main/engine/backbones/transforms'
import type { ImportedModel } from '../../main/engine/backbones/readers/imported-model'
import { createOnnxRuntimeExecutor } from '../../main/engine/executors/onnxruntime'
import { createTensorFlowExecutor } from '../../main/engine/executors/tensorflow'
import type { Executor } from '../../main/engine/executors/executor'
import { largestDifference } from '../fixtures/graphs'
import { ensureTestRuntime } from '../fixtures/runtime'
import { Keras, type KerasFormat, type Recording } from './keras'

const SIZE = 75
const TOLERANCE = 1e-4
/** Layers that are compared besides the logits, spread over the network. */
const LAYERS = 5
/** The reference takes about a second for so many multiply-adds. */
const REFERENCE_LIMIT = 60e6

/** id → factory in keras.applications, and its arguments. */
const FAMILIES: [id: string, factory: string, settings?: Record<string, unknown>][] = [
  ['mobilenet-0.50', 'MobileNet', { alpha: 0.5 }],
  ['mobilenet-v2-0.35', 'MobileNetV2', { alpha: 0.35 }],
  ['mobilenet-v2-1.40', 'MobileNetV2', { alpha: 1.4 }],
  ['mobilenet-v3-small-1.00', 'MobileNetV3Small'],
  ['mobilenet-v3-small-1.00-minimalistic', 'MobileNetV3Small', { minimalistic: true }],
  ['mobilenet-v3-large-0.75', 'MobileNetV3Large', { alpha: 0.75 }],
  ['resnet50', 'ResNet50'],
  ['resnet50-v2', 'ResNet50V2'],
  ['efficientnet-b0', 'EfficientNetB0'],
  ['efficientnet-b3', 'EfficientNetB3'],
  ['efficientnet-v2-b0', 'EfficientNetV2B0'],
  ['convnext-tiny', 'ConvNeXtTiny']
]

const FORMATS: readonly KerasFormat[] = ['h5', 'keras', 'weights', 'saved-model']

let keras: Keras | null = null
let reason = ''
let folder = ''
let executor: Executor
let tensorflow: Executor

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-parity-'))
  executor = await createOnnxRuntimeExecutor({ threads: 2 })
  tensorflow = createTensorFlowExecutor({ runtime: await ensureTestRuntime(), threads: 2 })
  keras = await Keras.start(folder).catch((error: Error) => {
    reason = `Keras cannot be installed here: ${error.message}`
    return null
  })
})

afterAll(async () => {
  await keras?.end()
  await rm(folder, { recursive: true, force: true })
})

describe('the same weights give the same numbers in Keras and here', () => {
  it.for(FAMILIES)('%s', async ([id], { skip }) => {
    if (!keras) return skip(reason)
    const architecture = architectureOf(id)
    const recording = await record(keras, id)
    const next = FAMILIES[FAMILIES.findIndex(([other]) => other === id) + 1]
    if (next) void record(keras, next[0]).catch(() => undefined)
    const { source, unused } = sourceOf(recording)
    const graph = architecture.build({ weights: source, size: SIZE })
    expect(unused()).toEqual([])
    for (const layer of someLayers(graph, recording)) {
      const expected = recording.layers.get(layer)!
      const tolerance = TOLERANCE * Math.max(1, largest(expected))
      expect(largest(expected), layer).toBeGreaterThan(0.1)
      expect(largestDifference(await run(cutAt(graph, layer), recording.input), expected), layer).toBeLessThan(
        tolerance
      )
    }
    expect(largest(recording.output)).toBeGreaterThan(0.1)
    expect(largestDifference(await run(graph, recording.input), recording.output)).toBeLessThan(TOLERANCE)
    if (countMultiplyAdds(graph) < REFERENCE_LIMIT) {
      expect(largestDifference(interpret(graph, recording.input), recording.output)).toBeLessThan(TOLERANCE)
    }
    for (const format of FORMATS) {
      // Weights alone do not say what they are the weights of.
      const model = await detectAndRead(recording.files[format], format === 'weights' ? { architecture: id } : {})
      const output = await run(withInputSize(model.graph!, SIZE), recording.input)
      expect(largestDifference(output, recording.output), format).toBeLessThan(TOLERANCE)
      if (format !== 'saved-model') continue
      // Found by its variables alone, all of them.
      expect(model.architecture).toBe(id)
      const asIs = await runAsIs(model, recording.files[format], recording.input)
      expect(largestDifference(asIs, recording.output), 'as it is').toBeLessThan(TOLERANCE)
    }
    await Promise.all(Object.values(recording.files).map((path) => rm(path, { recursive: true })))
  })
})

async function runAsIs(model: ImportedModel, path: string, input: Float32Array): Promise<Float32Array> {
  const { form, ports } = model.opaque!
  const network = await tensorflow.loadFile!({ form, name: model.suggestedName, path, ports, size: SIZE })
  try {
    return await network.run(input, 1)
  } finally {
    await network.dispose()
  }
}

/** Keras works on the next while one is compared. */
const recordings = new Map<string, Promise<Recording>>()

function record(keras: Keras, id: string): Promise<Recording> {
  const begun = recordings.get(id)
  if (begun) return begun
  const [, factory, settings = {}] = FAMILIES.find(([other]) => other === id)!
  const sketch = architectureOf(id).build({ weights: (_, shape) => new Float32Array(product(shape)), size: SIZE })
  const layers = sketch.nodes.map(({ name }) => name)
  const recording = keras.record({ name: id, factory, arguments: settings, size: SIZE, layers, formats: FORMATS })
  recordings.set(id, recording)
  return recording
}

async function run(graph: NetworkGraph, input: Float32Array): Promise<Float32Array> {
  const network = await executor.load(graph)
  try {
    return await network.run(input, 1)
  } finally {
    await network.dispose()
  }
}

const largest = (values: Float32Array): number => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Keras' variables by name and shape; Keras 3 calls every kernel 'kernel'. */
function sourceOf({ weights }: Recording): { source: WeightSource; unused: () => string[] } {
  const unused = new Set(weights.keys())
  const source: WeightSource = (name, shape) => {
    const key = name.replace('/depthwise_kernel', '/kernel')
    const tensor = weights.get(key)
    expect(tensor?.shape, name).toEqual([...shape])
    unused.delete(key)
    return tensor!.data
  }
  return { source, unused: () => [...unused] }
}

/** Some of the layers that Keras has too, from first to last. */
function someLayers(graph: NetworkGraph, { layers }: Recording): string[] {
  const known = graph.nodes.map(({ name }) => name).filter((name) => layers.has(name))
  const step = Math.max(1, Math.floor(known.length / LAYERS))
  return known.filter((_, index) => index % step === 0)
}
