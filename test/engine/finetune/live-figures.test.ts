/** What the doctor is told of a fine-tune: faults planted in pictures, weights and units are named; nothing is left behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StudioError } from '@shared/errors'
import { NativeOps } from '../../../main/engine/executors/tensorflow-kernels/native-ops'
import { loadTensorFlow, type TensorFlow } from '../../../main/engine/runtime/load'
import { fineTune, openFineTune } from '../../../main/engine/training/finetune'
import { FiredUnits } from '../../../main/engine/training/finetune/fired-units'
import type { LearningBatch } from '../../../main/engine/training/finetune/step-inputs'
import { TrainingStep } from '../../../main/engine/training/finetune/training-step'
import type { NetworkGraph } from '../../../main/engine/backbones/graph'
import { tinyBackbone } from '../../fixtures/graphs'
import { FEATURES, openStripes, type Stripes } from '../../fixtures/stripes'

let stripes: Stripes
let tf: TensorFlow

beforeAll(async () => {
  stripes = await openStripes()
  tf = loadTensorFlow(stripes.runtime, { threads: 2 })
})
afterAll(() => stripes.close())

/** One step on the first batch, changed as a test likes. */
async function stepOn(change: (batch: LearningBatch) => void, graph = tinyBackbone()): Promise<unknown> {
  const input = stripes.input({ graph, fineTune: { unfreeze: 'all' } })
  const open = await openFineTune(input)
  const train = stripes.images.filter(({ split }) => split === 'train')
  const step = new TrainingStep(open.ops, open.network, input.config, train, open.inputs.shape)
  try {
    for await (const batch of open.inputs.epoch(1)) {
      change(batch)
      return step.take([batch], 1e-3)
    }
    throw new Error('There was no batch.')
  } finally {
    step.dispose()
    await open.close()
  }
}

/** The same backbone with one weight changed. */
function withWeight(key: RegExp, value: (old: number, index: number) => number): { graph: NetworkGraph; key: string } {
  const graph = tinyBackbone()
  const found = [...graph.weights.keys()].find((name) => key.test(name))!
  const old = graph.weights.get(found)!
  const weights = new Map(graph.weights).set(found, { shape: old.shape, data: old.data.map(value) })
  return { graph: { ...graph, weights }, key: found }
}

const detailsOf = (error: unknown) => (error as StudioError).details

describe('a loss that is no number', () => {
  it('is traced to the image whose pixels are none', async () => {
    let planted = { id: -1, path: '' }
    const error = await stepOn((batch) => {
      planted = batch.images[2]!
      batch.values[2 * 16 * 16 * 3 + 5] = NaN
    }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'run/diverged' })
    expect(detailsOf(error)['origin']).toEqual({
      kind: 'input',
      layer: 'input',
      op: 'input',
      batch: 6,
      imageIds: [planted.id],
      paths: [planted.path]
    })
    expect((error as StudioError).message).toContain(planted.path)
  })

  it('is traced to the weight that is none', async () => {
    const { graph, key } = withWeight(/^b1.*kernel/, (old, index) => (index === 3 ? NaN : old))
    const error = await stepOn(() => undefined, graph).catch((caught: unknown) => caught)
    expect(detailsOf(error)['origin']).toMatchObject({ kind: 'weights', layer: key })
  })

  it('is traced to the layer whose values overflow first, with its operation', async () => {
    const { graph, key } = withWeight(/^b1.*kernel/, () => 3e38)
    const error = await stepOn(() => undefined, graph).catch((caught: unknown) => caught)
    const origin = detailsOf(error)['origin'] as { kind: string; layer: string; op: string; imageIds: number[] }
    expect(origin.kind).toBe('values')
    expect(origin.layer.split('_')[0]).toBe(key.split(/[_/]/)[0])
    expect(graph.nodes.map(({ op }) => op)).toContain(origin.op)
    expect(origin.imageIds).toHaveLength(6)
  })

  it('leaves no tensor behind', async () => {
    const { graph } = withWeight(/^b1.*kernel/, () => 3e38)
    const ops = new NativeOps(tf)
    const before = { tensors: tf.memory().numTensors, handles: ops.liveHandles }
    await expect(stepOn(() => undefined, graph)).rejects.toMatchObject({ code: 'run/diverged' })
    await expect(stepOn((batch) => void (batch.values[0] = NaN))).rejects.toMatchObject({ code: 'run/diverged' })
    expect({ tensors: tf.memory().numTensors, handles: ops.liveHandles }).toEqual(before)
  })

  it('hands out the best weights from before, where an epoch was done', async () => {
    const rescued: number[] = []
    const input = stripes.input({ fineTune: { epochs: 6 }, onFailed: ({ tensors }) => rescued.push(tensors.size) })
    input.start.validationLoss = 100
    const { head } = input
    input.reporter.onEpoch = ({ epoch }) => {
      // A rate that no weight survives.
      if (epoch === 1) input.config.fineTune.learningRate = 1
    }
    const schedule = { ...input.config.fineTune }
    expect(schedule.epochs).toBe(6)
    const result = await fineTune({ ...input, head }).catch((error: unknown) => error)
    // Adam's steps are bounded: it may survive; then nothing is rescued and nothing failed.
    expect(rescued.length > 0).toBe(result instanceof Error)
  })
})

describe('what is measured on the way', () => {
  it('has the norm of every gradient, and now and then how far the kernels move, block by block', async () => {
    const input = stripes.input({ fineTune: { epochs: 4 } })
    await fineTune(input)
    const figures = input.recorded.steps.map((step) => step.figures!)
    expect(figures.every(({ gradientNorm, images }) => gradientNorm! > 0 && images > 0)).toBe(true)
    expect(figures.every(({ waitShare }) => waitShare! >= 0 && waitShare! <= 1)).toBe(true)
    const probed = figures.flatMap(({ probe }, place) => (probe ? [place] : []))
    expect(probed).toEqual(figures.flatMap((_, place) => (place % 10 === 0 ? [place] : [])))
    for (const { probe, gradientNorm } of figures.filter(({ probe: one }) => one)) {
      expect(probe!.updateRatio).toBeGreaterThan(0)
      expect(probe!.blocks.at(-1)!.name).toBe('head')
      // The blocks are all there is: their norms make up the whole.
      expect(Math.hypot(...probe!.blocks.map(({ norm }) => norm))).toBeCloseTo(gradientNorm!, 4)
    }
  })

  it('counts planted dead units, layer by layer', async () => {
    const deadOf = async (graph: NetworkGraph) => {
      const open = await openFineTune(stripes.input({ graph, fineTune: { unfreeze: 'all' } }))
      const fired = new FiredUnits()
      open.network.fired = fired
      const input = stripes.input()
      const train = stripes.images.filter(({ split }) => split === 'train')
      const step = new TrainingStep(open.ops, open.network, input.config, train, open.inputs.shape)
      for await (const batch of open.inputs.epoch(1)) {
        step.take([batch], 1e-3)
        break
      }
      step.dispose()
      await open.close()
      return fired.result()!
    }
    const graph = tinyBackbone()
    const alive = await deadOf(graph)
    // A shift far below zero keeps three channels from ever firing.
    const norm = graph.nodes.find((node) => node.op === 'batchNorm' && node.beta !== null)
    const { beta } = norm as { beta: string }
    const old = graph.weights.get(beta)!
    const weights = new Map(graph.weights)
    weights.set(beta, { shape: old.shape, data: old.data.map((value, index) => (index < 3 ? -1e4 : value)) })
    const planted = await deadOf({ ...graph, weights })
    expect(planted.units).toBe(alive.units)
    expect(planted.dead).toBeGreaterThanOrEqual(3)
    expect(planted.dead).toBeGreaterThan(alive.dead)
  })

  it('tells of dead units with the first epoch, as the network came', async () => {
    const input = stripes.input({ fineTune: { epochs: 2, unfreeze: 'all' } })
    await fineTune(input)
    const [first, second] = input.recorded.epochs.filter(({ epoch }) => epoch > 0)
    expect(first!.deadUnits!.units).toBe(second!.deadUnits!.units)
    expect(first!.deadUnits!.units).toBeGreaterThan(FEATURES)
  })
})
