/** Every op as layers of TF.js, reloaded by its own loader. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GraphNode, NetworkGraph } from '../../main/engine/backbones/graph'
import { architectureOf, randomWeights } from '../../main/engine/backbones/architectures/index'
import { interpret } from '../../main/engine/backbones/reference'
import { inferShapes } from '../../main/engine/backbones/shapes'
import { reloadLayersModel } from '../../main/engine/export/reload'
import { writeLayersModel } from '../../main/engine/export/write-layers-model'
import { softmax } from '../../main/engine/inference/trained-network'
import type { RuntimeLocation } from '../../shared/worker-protocol/common'
import { GraphSketch, largestDifference, randomInput } from '../fixtures/graphs'
import { ensureTestRuntime } from '../fixtures/runtime'

const SIDE = 6
const CHANNELS = 4
const CLASSES = 3

let runtime: RuntimeLocation
let scratch: string
beforeAll(async () => {
  runtime = await ensureTestRuntime()
  scratch = await mkdtemp(join(tmpdir(), 'export-layers-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A convolution, the nodes, and a head. */
function around(...nodes: GraphNode[]): NetworkGraph {
  const sketch = new GraphSketch(SIDE, SIDE, 3).conv('c', [3, 3, 3, CHANNELS], { bias: true })
  const values = (from: number) => ({ shape: [CHANNELS], data: Float32Array.from([1, 2, 3, 4], (v) => from + v / 10) })
  for (const [key, from] of Object.entries({ g: 0.5, b: -0.2 })) sketch.weights.set(key, values(from))
  for (const node of nodes) {
    sketch.nodes.push(node)
    sketch.last = node.name
  }
  const shape = inferShapes(sketch.build()).get(sketch.last)!
  if (shape.length === 3) sketch.pool('gap')
  return sketch.dense('classes', shape.at(-1)!, CLASSES).build()
}

const kinds = ['swish', 'hardSwish', 'hardSigmoid', 'sigmoid', 'tanh', 'gelu', 'softmax', 'leakyRelu', 'elu'] as const

const networks: Record<string, NetworkGraph> = {
  ...Object.fromEntries(kinds.map((kind) => [kind, around({ name: 'a', op: 'activation', kind, input: 'c' })])),
  'squeeze and excite': around(
    { name: 's', op: 'globalAveragePool', input: 'c', keepDims: true },
    { name: 'h', op: 'activation', kind: 'hardSigmoid', input: 's' },
    { name: 'm', op: 'multiply', inputs: ['c', 'h'] }
  ),
  affine: around({ name: 'a', op: 'affine', input: 'c', scale: [0.5], offset: [1, 2, 3, 4] }),
  'layer scale': around({ name: 's', op: 'scale', input: 'c', gamma: 'g' }),
  'layer norm': around({ name: 'l', op: 'layerNorm', input: 'c', gamma: 'g', beta: 'b', epsilon: 1e-6 }),
  concat: around({ name: 'a', op: 'concat', inputs: ['c', 'c'] }),
  'pools and flatten': around(
    { name: 'm', op: 'maxPool', input: 'c', size: [3, 3], strides: [2, 2], padding: 'same' },
    { name: 'a', op: 'averagePool', input: 'm', size: [2, 2], strides: [1, 1], padding: 'same' },
    { name: 'f', op: 'flatten', input: 'a' }
  )
}

async function exported(graph: NetworkGraph, x: Float32Array): Promise<Float32Array> {
  const folder = await mkdtemp(join(scratch, 'model-'))
  await writeLayersModel(graph, folder, {})
  const model = await reloadLayersModel(folder, runtime)
  try {
    return model.predict(x, 1)
  } finally {
    model.dispose()
  }
}

describe.each(Object.entries(networks))('%s', (_, graph) => {
  it('is what it was after the way through a LayersModel', async () => {
    const x = randomInput(SIDE * SIDE * 3)
    expect(largestDifference(await exported(graph, x), softmax(interpret(graph, x)))).toBeLessThan(1e-5)
  })
})

it.each(['mobilenet-v3-small', 'convnext-tiny'])('takes %s away', async (name) => {
  const id = name === 'mobilenet-v3-small' ? 'mobilenet-v3-small-1.00' : name
  const graph = architectureOf(id).build({ weights: randomWeights(2), classes: 5, size: 32 })
  const x = randomInput(32 * 32 * 3)
  const end = graph.nodes.at(-1)!
  expect(['dense', 'conv2d', 'flatten']).toContain(end.op)
  const expected = interpret(graph, x)
  const actual = await exported(graph, x)
  const probabilities = end.op === 'dense' ? softmax(expected) : expected
  expect(largestDifference(actual, probabilities)).toBeLessThan(1e-4)
})

it('says which layer the format cannot hold', async () => {
  const border = { top: 1, bottom: 1, left: 1, right: 1 }
  const graph = around({ name: 'framed', op: 'maxPool', input: 'c', size: [3, 3], strides: [2, 2], padding: border })
  await expect(exported(graph, randomInput(SIDE * SIDE * 3))).rejects.toMatchObject({
    code: 'export/unsupported-layer',
    details: { layer: 'framed' }
  })
})
