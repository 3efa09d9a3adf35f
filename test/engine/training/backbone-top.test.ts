import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import type { NetworkGraph } from '../../../main/engine/backbones/graph'
import { architectureOf, randomWeights } from '../../../main/engine/backbones/architectures/index'
import { featureExtractor } from '../../../main/engine/backbones/feature-extractor'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { foldTop, scoresOf, topOf } from '../../../main/engine/training/backbone-top'
import { findHeadRuntime, openDense, openHeadSessions } from '../../../main/engine/training/head-sessions'
import { GraphSketch, largestDifference, randomInput, tinyBackbone } from '../../fixtures/graphs'

const runtime = findHeadRuntime()
const [FEATURES, SCORES, CLASSES, ROWS] = [1280, 1000, 18, 40]

const partsOf = (graph: NetworkGraph) => ({
  info: { id: 'sketch', name: 'Sketch' } as Parameters<typeof topOf>[0]['info'],
  graph,
  features: featureExtractor(graph)
})
const pooled = (): GraphSketch => new GraphSketch(8, 8, 3).conv('conv', [3, 3, 3, 6]).pool()

describe('topOf', () => {
  it('finds the layer of class scores behind the pooled features, through dropout', () => {
    const graph = pooled().dropout('drop').dense('scores', 6, 10).build()
    const top = topOf(partsOf(graph))
    expect(top.classes).toBe(10)
    expect(top.kernel).toBe(graph.weights.get('scores/kernel')!.data)
    expect(top.bias).toBe(graph.weights.get('scores/bias')!.data)
    expect(topOf(partsOf(pooled().dense('scores', 6, 10, false).build())).bias).toEqual(new Float32Array(10))
  })

  it('takes a hidden layer before the scores for a part of the features', () => {
    const graph = pooled().dense('hidden', 6, 8).dense('scores', 8, 10).build()
    expect(partsOf(graph).features.output).toBe('hidden')
    expect(topOf(partsOf(graph)).kernel).toBe(graph.weights.get('scores/kernel')!.data)
  })

  it('leaves off the probabilities behind it', () => {
    for (const kind of ['softmax', 'sigmoid'] as const) {
      const graph = pooled().dense('scores', 6, 10).build()
      const nodes = [...graph.nodes, { name: 'odds', op: 'activation', kind, input: 'scores' } as const]
      const top = topOf(partsOf({ ...graph, nodes, output: 'odds' }))
      expect(top.kernel).toBe(graph.weights.get('scores/kernel')!.data)
    }
  })

  it.each([
    ['mobilenet-0.25', 'conv_preds'],
    ['mobilenet-v3-small-0.75', 'logits'],
    ['mobilenet-v2-0.35', 'predictions']
  ])('gives of %s what the network itself gives', async (id, layer) => {
    const graph = architectureOf(id).build({ weights: randomWeights(5), classes: 12, size: 64 })
    const parts = partsOf(graph)
    const top = topOf(parts)
    expect(top.kernel).toBe(graph.weights.get(`${layer}/kernel`)!.data)
    const executor = await createOnnxRuntimeExecutor({ threads: 2 })
    const [whole, features] = [await executor.load(graph), await executor.load(parts.features)]
    const picture = randomInput(64 * 64 * 3)
    const values = await features.run(picture, 1)
    const set = { values, width: values.length, labels: new Int32Array(1) }
    const scores = await scoresOf(runtime, set, top)
    const expected = await whole.run(picture, 1)
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(1e-3)
    expect(largestDifference(scores.values, expected)).toBeLessThan(1e-4)
    await Promise.all([whole.dispose(), features.dispose()])
  })

  it.each([
    ['nothing', tinyBackbone()],
    ['dropout alone', pooled().dropout('drop').build()],
    ['an activation', pooled().dense('scores', 6, 10).relu('act').build()],
    ['a second branch', pooled().dense('left', 6, 10).from('pool').dense('scores', 6, 10).build()]
  ])('says so when what follows the features is %s', (_, graph) => {
    expect(() => topOf(partsOf(graph))).toThrow(
      expect.objectContaining({
        code: 'config/invalid',
        message: expect.stringContaining("'head.input'"),
        details: { key: 'head.input', backbone: 'sketch' }
      })
    )
  })
})

describe('a head on the scores', () => {
  const random = createRandom(3)
  const normals = (count: number, scale: number): Float32Array =>
    Float32Array.from({ length: count }, () => scale * random.normal())
  const top = { kernel: normals(FEATURES * SCORES, 0.05), bias: normals(SCORES, 0.1), classes: SCORES }
  const head = { kernel: normals(SCORES * CLASSES, 0.1), bias: normals(CLASSES, 0.5), classes: CLASSES }
  const labels = new Int32Array(ROWS)
  const features = { values: randomInput(ROWS * FEATURES).map(Math.abs), width: FEATURES, labels }

  it('reads what the top gives', async () => {
    const scores = await scoresOf(runtime, features, top)
    expect(scores).toMatchObject({ width: SCORES, labels })
    const expected = Array.from({ length: SCORES }, (_, k) => {
      let sum = top.bias[k]!
      for (let f = 0; f < FEATURES; f++) sum += features.values[f]! * top.kernel[f * SCORES + k]!
      return sum
    })
    expect(largestDifference(scores.values.subarray(0, SCORES), expected)).toBeLessThan(1e-4)
  })

  it('predicts the same once it is folded into a head on the features', async () => {
    const folded = await foldTop(runtime, head, top)
    expect(folded.kernel).toHaveLength(FEATURES * CLASSES)
    const [onScores, onFeatures] = await Promise.all([
      openHeadSessions(runtime, { features: SCORES, classes: CLASSES, units: 0 }),
      openHeadSessions(runtime, { features: FEATURES, classes: CLASSES, units: 0 })
    ])
    const composed = await onScores.predict(head, (await scoresOf(runtime, features, top)).values)
    const direct = await onFeatures.predict(folded, features.values)
    await Promise.all([onScores.dispose(), onFeatures.dispose()])
    expect(largestDifference(direct, composed)).toBeLessThan(1e-4)
    // Not all the same: a comparison of equal odds would prove nothing.
    expect(Math.max(...direct)).toBeGreaterThan(0.5)
  })

  it('is computed in parts like in one go', async () => {
    const [count, width] = [5000, 3]
    const layer = { kernel: randomInput(width * 2), bias: Float32Array.of(1, -1), classes: 2 }
    const x = randomInput(count * width)
    const dense = await openDense(runtime, width, 2)
    const all = await dense.run(layer, x)
    const last = await dense.run(layer, x.subarray((count - 10) * width))
    await dense.dispose()
    expect(all).toHaveLength(count * 2)
    expect(largestDifference(all.subarray(-20), last)).toBeLessThan(1e-6)
  })
})
