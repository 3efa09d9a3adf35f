import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { listBlocks } from '../../main/engine/backbones/blocks'
import type { NetworkGraph } from '../../main/engine/backbones/graph'
import { loadBackbone } from '../../main/engine/backbones/load-backbone'
import { countMultiplyAdds, countParameters } from '../../main/engine/backbones/measures'
import { checkParity } from '../../main/engine/backbones/parity'
import { interpret } from '../../main/engine/backbones/reference'
import { inferShapes } from '../../main/engine/backbones/shapes'
import { applyContract } from '../../main/engine/data/preprocess'
import type { Executor } from '../../main/engine/executors/executor'
import { createOnnxRuntimeExecutor } from '../../main/engine/executors/onnxruntime'
import { createWasmExecutor } from '../../main/engine/executors/wasm'
import { loadEmbedded, type LayeredBackbone } from '../fixtures/embedded-backbone'
import { GraphSketch, largestDifference, randomInput, tinyBackbone } from '../fixtures/graphs'

const RESOURCES = join(import.meta.dirname, '../../resources')

const networks: Record<string, NetworkGraph> = {
  'a whole small backbone': tinyBackbone(),
  'stride 2 over an even and an odd side': new GraphSketch(8, 7, 3)
    .conv('c', [3, 3, 3, 4], { strides: 2, bias: true })
    .depthwise('d', [5, 5, 4, 1], { strides: 2 })
    .build(),
  'valid and explicit padding': new GraphSketch(9, 9, 2)
    .conv('v', [3, 2, 2, 3], { padding: 'valid' })
    .conv('e', [3, 3, 3, 2], { padding: { top: 1, bottom: 0, left: 2, right: 1 }, strides: 2 })
    .build(),
  'dilation and an even kernel': new GraphSketch(11, 11, 2)
    .conv('c', [3, 3, 2, 2], { dilations: 2 })
    .conv('even', [4, 4, 2, 2])
    .build(),
  'a depthwise multiplier': new GraphSketch(6, 6, 3).depthwise('d', [3, 3, 3, 2], { bias: true }).build(),
  'zero padding before a valid convolution': new GraphSketch(6, 6, 3)
    .zeroPad('p', [0, 1, 2, 3])
    .conv('c', [3, 3, 3, 2], { strides: 2, padding: 'valid' })
    .build(),
  'batch-norm that cannot be folded': new GraphSketch(5, 5, 3)
    .batchNorm('bn', 3, { scale: false, center: false })
    .build(),
  'relu with and without a bound': new GraphSketch(4, 4, 3)
    .conv('c', [1, 1, 3, 3])
    .relu('a', null)
    .relu('b', 0.5)
    .build(),
  'a sum of three': new GraphSketch(4, 4, 3)
    .conv('a', [1, 1, 3, 3])
    .conv('b', [1, 1, 3, 3])
    .add('s', 'a', 'image')
    .build(),
  'pooling, dropout and two dense layers': new GraphSketch(4, 4, 3)
    .pool()
    .dropout('drop')
    .dense('d1', 3, 8)
    .relu('r', null)
    .dense('d2', 8, 5, false)
    .build()
}

describe.each([
  ['onnxruntime', () => createOnnxRuntimeExecutor({ threads: 2 })],
  ['wasm', createWasmExecutor]
] as const)('%s agrees with the layers', (_id, create) => {
  let executor: Executor
  beforeAll(async () => {
    executor = await create()
  })

  it.each(Object.entries(networks))('%s', async (_what, graph) => {
    const network = await executor.load(graph)
    const size = network.inputShape.reduce((product, side) => product * side, 1)
    expect(network.outputShape).toEqual([...inferShapes(graph).get(graph.output)!])
    const batch = randomInput(3 * size)
    const output = await network.run(batch, 3)
    const width = output.length / 3
    for (const index of [0, 1, 2]) {
      const expected = interpret(graph, batch.slice(index * size, (index + 1) * size))
      expect(largestDifference(output.slice(index * width, (index + 1) * width), expected)).toBeLessThan(1e-4)
    }
    await network.dispose()
  })

  it('refuses a batch of another length', async () => {
    const network = await executor.load(tinyBackbone())
    await expect(network.run(new Float32Array(10), 1)).rejects.toThrow('768')
    await network.dispose()
  })
})

describe('EfficientNet-Lite0', () => {
  let backbone: LayeredBackbone
  let executor: Executor
  beforeAll(async () => {
    backbone = await loadEmbedded()
    executor = await createOnnxRuntimeExecutor({ threads: 2 })
  })

  it('is what its description says', () => {
    const { info, features } = backbone
    expect(info.parameters).toBe(countParameters(features))
    expect(info.multiplyAdds).toBe(countMultiplyAdds(features))
    expect(info.blocks).toEqual(listBlocks(features).map(({ name }) => name))
    expect([info.featureWidth]).toEqual(inferShapes(features).get(features.output))
  })

  it('gives the same features as layers and as ONNX', async () => {
    const check = await checkParity(backbone.features, executor)
    expect(check.passed).toBe(true)
    expect(check.maxDifference).toBeLessThan(1e-4)
    expect(check.maxDifference).toBeGreaterThan(0)
  })

  it('is noticed when it differs', async () => {
    const wrong: Executor = {
      ...executor,
      load: async (graph) => {
        const network = await executor.load(graph)
        return {
          ...network,
          run: async (batch, count) => (await network.run(batch, count)).map((value) => value * 1.001)
        }
      }
    }
    expect((await checkParity(backbone.features, wrong)).passed).toBe(false)
  })

  it('names pictures as ImageNet does', async () => {
    const labels = JSON.parse(
      await readFile(join(RESOURCES, 'backbones/efficientnet-lite0/imagenet-labels.json'), 'utf8')
    ) as string[]
    const network = await executor.load(backbone.graph)
    // Flat drawings of 67 × 67 pixels are far from ImageNet's photographs; of 1,000 names, these are still the first.
    const drawings = {
      'birds_bugs_sea/1f427.png': 'king penguin',
      'birds_bugs_sea/1f98b.png': 'monarch',
      'dishes/1f968.png': 'pretzel',
      'tools/1f528.png': 'hammer',
      'transport/1f691.png': 'ambulance'
    }
    for (const [file, name] of Object.entries(drawings)) {
      const input = await applyContract(join(RESOURCES, 'sample', file), backbone.info.contract)
      const logits = await network.run(input, 1)
      expect(labels[logits.indexOf(Math.max(...logits))]!.split(',')[0], file).toBe(name)
    }
    await network.dispose()
  })

  it('gives the same bits in a stream, on threads of its own, as in one call', async () => {
    const executor = await createOnnxRuntimeExecutor({ threads: 2 })
    const single = await executor.load(backbone.features)
    const stream = await executor.load(backbone.features, 'stream')
    const { inFlight, batchSize } = stream.pace!
    expect({ inFlight, batchSize }).toEqual({ inFlight: 4, batchSize: 2 })
    const size = 224 * 224 * 3
    const input = randomInput(2 * batchSize * size)
    const whole = await single.run(input, 2 * batchSize)
    const parts = await Promise.all(
      [0, 1].map((part) => {
        const start = part * batchSize * size
        return stream.run(input.slice(start, start + batchSize * size), batchSize)
      })
    )
    expect([...parts[0]!, ...parts[1]!]).toEqual([...whole])
    await Promise.all([single.dispose(), stream.dispose()])
  })

  it.each([
    ['no such backbone', 'efficientnet-lite9'],
    ['a path instead of an id', '../sample'],
    ['a folder without a description', '.']
  ])('%s', async (_what, id) => {
    await expect(loadBackbone([join(RESOURCES, 'backbones')], id)).rejects.toMatchObject({ code: 'backbone/not-found' })
  })
})
