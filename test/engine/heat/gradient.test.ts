/** Grad-CAM's gradient by hand against TensorFlow's automatic one, and where networks are cut for it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import { ARCHITECTURE_NAMES } from '@shared/domain/architectures'
import { createRandom } from '@shared/random'
import type { SafeTensor } from '@shared/formats/safetensors'
import { architectureOf } from '../../../main/engine/backbones/architectures'
import { randomWeights } from '../../../main/engine/backbones/architectures/weights'
import { featureExtractor } from '../../../main/engine/backbones/feature-extractor'
import type { ActivationKind, NetworkGraph } from '../../../main/engine/backbones/graph'
import { inferShapes, inputsOf } from '../../../main/engine/backbones/shapes'
import { applyContract } from '../../../main/engine/data/preprocess'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { createTensorFlowExecutor } from '../../../main/engine/executors/tensorflow'
import { applyNode } from '../../../main/engine/executors/tensorflow-nodes'
import { applyCheckpoint } from '../../../main/engine/inference/checkpoint'
import { openExplained } from '../../../main/engine/inference/heat/explained-network'
import { gradCam } from '../../../main/engine/inference/heat/grad-cam'
import { splitAtLastMap, type SplitNetwork } from '../../../main/engine/inference/heat/last-map'
import { openTail, type Tail } from '../../../main/engine/inference/heat/tail-gradient'
import { loadTensorFlow, type TensorFlow } from '../../../main/engine/runtime/load'
import { loadEmbedded } from '../../fixtures/embedded-backbone'
import { GraphSketch, largestDifference, randomInput, tinyBackbone } from '../../fixtures/graphs'
import { ensureTestRuntime } from '../../fixtures/runtime'
import { modelWith } from './explained'

const PICTURE = join(import.meta.dirname, '../../../resources/sample/mammals/1f404.png')

let tf: TensorFlow
let folder: string
beforeAll(async () => {
  tf = loadTensorFlow(await ensureTestRuntime(), { threads: 2 })
  folder = await mkdtemp(join(tmpdir(), 'heat-'))
}, 600_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

const normal = (shape: number[], seed: number): SafeTensor => {
  const random = createRandom(seed)
  const length = shape.reduce((product, side) => product * side, 1)
  return { shape, data: Float32Array.from({ length }, () => 0.2 * random.normal()) }
}
const linearHead = (features: number): Map<string, SafeTensor> =>
  new Map([
    ['head.kernel', normal([features, 4], 1)],
    ['head.bias', normal([4], 2)]
  ])
const hiddenHead = (features: number): Map<string, SafeTensor> =>
  new Map([
    ['head.hidden.kernel', normal([features, 16], 3)],
    ['head.hidden.bias', normal([16], 4)],
    ['head.kernel', normal([16, 4], 5)],
    ['head.bias', normal([4], 6)]
  ])

/** ∂ score of the class / ∂ map, by TensorFlow through the same layers. */
function automatic({ tail }: SplitNetwork, map: Float32Array, classIndex: number): Float32Array {
  const shapes = inferShapes(tail)
  const input = tail.nodes[0]!.name
  return tf.tidy(() => {
    const weights = new Map([...tail.weights].map(([key, { shape, data }]) => [key, tf.tensor(data, shape)] as const))
    const score = (fed: Tensor): Tensor => {
      const values = new Map<string, Tensor>([[input, fed]])
      for (const node of tail.nodes) {
        if (node.op === 'input') continue
        const inputs = inputsOf(node).map((name) => values.get(name)!)
        values.set(node.name, applyNode(tf, node, inputs, shapes.get(inputsOf(node)[0]!)!, weights))
      }
      return values.get(tail.output)!.reshape([-1]).slice(classIndex, 1).sum()
    }
    const fed = tf.tensor(map, [1, ...shapes.get(input)!])
    return tf.grad(score)(fed).dataSync<'float32'>()
  })
}

function opened({ tail }: SplitNetwork): Tail {
  const found = openTail(tail)
  if ('unsupported' in found) throw new Error(found.unsupported)
  return found
}

function expectSameGradient(split: SplitNetwork, map: Float32Array, tolerance = 1e-4): void {
  for (const classIndex of [0, 3]) {
    const byHand = opened(split).gradient(map, classIndex)
    const expected = automatic(split, map, classIndex)
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    expect(largest).toBeGreaterThan(0)
    expect(largestDifference(Float32Array.from(byHand), expected) / largest).toBeLessThan(tolerance)
  }
}

describe('the gradient by hand is that of TensorFlow', () => {
  it.each([
    ['a dense head', linearHead],
    ['a head with a hidden layer', hiddenHead]
  ])(
    'on the embedded backbone with %s, and so is the map',
    async (_what, headOf) => {
      const backbone = await loadEmbedded()
      const { contract } = backbone.info
      const head = headOf(1280)
      const graph = applyCheckpoint(backbone.features, head)
      const split = splitAtLastMap(graph)!
      const input = await applyContract(PICTURE, contract)
      const before = tf.memory().numTensors

      const tensorflow = createTensorFlowExecutor({ runtime: await ensureTestRuntime(), threads: 2 })
      const body = await tensorflow.load(split.body)
      const map = await body.run(input, 1)
      expectSameGradient(split, map)
      const shape = body.outputShape as [number, number, number]
      expect(shape).toEqual([7, 7, 1280])
      const expected = gradCam(map, Float64Array.from(automatic(split, map, 2)), shape)
      await body.dispose()

      const model = await modelWith(folder, head, contract, ['a', 'b', 'c', 'd'])
      const onnx = await createOnnxRuntimeExecutor({ threads: 2 })
      const network = await openExplained(model, backbone, onnx)
      const view = await network.gradCam!(input)
      const found = view.of(2)
      const peak = Math.max(...expected.cells)
      expect(peak).toBeGreaterThan(0)
      expect(largestDifference(found.cells, expected.cells) / peak).toBeLessThan(1e-4)
      expect(largestDifference(view.scores, await network.scores(input, 1))).toBeLessThan(1e-4)
      await network.dispose()
      expect(tf.memory().numTensors).toBe(before)
    },
    120_000
  )

  it.each([
    'mobilenet-0.25',
    'mobilenet-v2-0.35',
    'mobilenet-v3-small-0.75',
    'convnext-tiny',
    'efficientnet-b0',
    'resnet50'
  ])(
    'on %s',
    async (id) => {
      const graph = architectureOf(id).build({ weights: randomWeights(1), size: 64 })
      const features = featureExtractor(graph)
      const [width] = inferShapes(features).get(features.output) as [number]
      const split = splitAtLastMap(applyCheckpoint(features, hiddenHead(width)))!
      const [height, across, channels] = inferShapes(split.body).get(split.body.output) as [number, number, number]
      expect(height * across).toBe(4)
      expectSameGradient(split, randomInput(4 * channels))
    },
    120_000
  )

  it('of activations that are not cut off', () => {
    const kinds: ActivationKind[] = ['swish', 'hardSwish', 'hardSigmoid', 'sigmoid', 'tanh', 'gelu', 'leakyRelu', 'elu']
    for (const kind of kinds) {
      const sketch = new GraphSketch(3, 3, 3).conv('map', [1, 1, 3, 6]).pool()
      sketch.dense('wide', 6, 5).node({ name: 'act', op: 'activation', kind, input: 'wide' }).dense('out', 5, 4)
      expectSameGradient(splitAtLastMap(sketch.build())!, randomInput(54))
    }
  })

  it('of pools and convolutions over the whole map', () => {
    const pooled = new GraphSketch(5, 5, 3)
      .conv('map', [1, 1, 3, 6])
      .norm('bn', 6)
      .node({
        name: 'pool',
        op: 'averagePool',
        input: 'map',
        size: [5, 5],
        strides: [5, 5],
        padding: 'valid'
      })
    pooled.conv('top', [1, 1, 6, 4], { bias: true }).node({ name: 'flat', op: 'flatten', input: 'top' })
    expectSameGradient(splitAtLastMap(pooled.build())!, randomInput(150))
    const wide = new GraphSketch(5, 4, 3).conv('map', [1, 1, 3, 6]).relu('act')
    wide.conv('fc', [5, 4, 6, 4], { padding: 'valid' }).node({ name: 'flat', op: 'flatten', input: 'fc' })
    expectSameGradient(splitAtLastMap(wide.build())!, randomInput(120))
  })
})

describe('a network is cut', () => {
  it('so that every built-in architecture has a map with a gradient', () => {
    const zeros = (_name: string, shape: readonly number[]): Float32Array =>
      new Float32Array(shape.reduce((product, side) => product * side, 1))
    for (const id of Object.keys(ARCHITECTURE_NAMES)) {
      const { build, contract } = architectureOf(id)
      const features = featureExtractor(build({ weights: zeros }))
      const { body, tail } = splitAtLastMap(features)!
      const [height] = inferShapes(body).get(body.output)!
      expect(height, id).toBe(Math.ceil(contract.size / 32))
      expect(openTail(tail), id).toHaveProperty('gradient')
    }
  })

  const cutOf = (graph: NetworkGraph): string | undefined => splitAtLastMap(graph)?.body.output

  it('behind the last activation, not within a branch', () => {
    expect(cutOf(tinyBackbone())).toBe('head_act')
    const gated = new GraphSketch(4, 4, 3).conv('map', [1, 1, 3, 3])
    gated.node({ name: 'squeeze', op: 'globalAveragePool', input: 'map', keepDims: true })
    gated.conv('gate', [1, 1, 3, 3]).node({ name: 'gated', op: 'multiply', inputs: ['map', 'gate'] })
    expect(cutOf(gated.pool().build())).toBe('gated')
  })

  it('not at all where branches never meet in a map', () => {
    const sketch = new GraphSketch(4, 4, 3)
    sketch.conv('a', [1, 1, 3, 3]).pool('pool_a').from('image').conv('b', [1, 1, 3, 3]).pool('pool_b')
    expect(cutOf(sketch.node({ name: 'both', op: 'concat', inputs: ['pool_a', 'pool_b'] }).build())).toBeUndefined()
  })

  it('and what cannot be differentiated behind it is named', () => {
    const sketch = new GraphSketch(4, 4, 3).conv('map', [1, 1, 3, 3])
    sketch.node({ name: 'max', op: 'maxPool', input: 'map', size: [4, 4], strides: [4, 4], padding: 'valid' })
    sketch.node({ name: 'flat', op: 'flatten', input: 'max' })
    expect(openTail(splitAtLastMap(sketch.build())!.tail)).toEqual({ unsupported: "maxPool 'max'" })
  })
})
