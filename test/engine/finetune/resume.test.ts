/** A fine-tune that is captured and taken up again goes on as if nothing had been. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TrainingConfig } from '@shared/domain/training-config'
import { fineTune } from '../../../main/engine/training/finetune'
import type { LoopState } from '../../../main/engine/training/loop-state'
import { largestDifference } from '../../fixtures/graphs'
import { openStripes, type Change, type Stripes } from '../../fixtures/stripes'

let stripes: Stripes
beforeAll(async () => {
  // One thread: sums are then taken in the same order every time.
  stripes = await openStripes(1)
})
afterAll(() => stripes.close())

/** As a checkpoint file would give it back. */
const stored = ({ json, tensors }: LoopState): LoopState => ({
  json: JSON.parse(JSON.stringify(json)) as LoopState['json'],
  tensors: new Map([...tensors].map(([name, { shape, data }]) => [name, { shape: [...shape], data: data.slice() }]))
})

const settings: Record<string, Change> = {
  'the defaults, augmented': { fineTune: { epochs: 3 } },
  'everything at once': {
    fineTune: {
      epochs: 3,
      unfreeze: 'all',
      batchSize: 2,
      accumulate: 2,
      ema: 0.9,
      batchNorm: 'adapt',
      mixup: 0.4,
      cutmix: 0.4,
      optimizer: 'rmsprop',
      learningRate: 0.001,
      schedule: 'plateau'
    }
  },
  'folded, with SGD, from activations that are kept': {
    augmentation: {},
    fineTune: { epochs: 3, batchNorm: 'folded', optimizer: 'sgd', cachePrefix: 'on', layerDecay: 0.5 }
  }
}

it.each(Object.entries(settings))('goes on bit for bit: %s', async (_, change) => {
  const whole = stripes.input(change)
  const states = new Map<number, LoopState>()
  whole.onCheckpoint = (capture) => {
    const state = stored(capture())
    states.set((state.json as { steps: number }).steps, state)
  }
  const expected = await fineTune(whole)
  const last = whole.recorded.steps.length
  for (const step of [1, Math.floor(last / 2), last - 1]) {
    const rest = stripes.input({ ...change, resume: states.get(step)! })
    const result = await fineTune(rest)
    const compared = whole.recorded.steps.slice(step)
    expect(rest.recorded.steps.map((report) => report.step)).toEqual(compared.map((report) => report.step))
    expect(rest.recorded.steps.map(({ loss }) => loss)).toEqual(compared.map(({ loss }) => loss))
    expect(rest.recorded.steps.map(({ learningRate }) => learningRate)).toEqual(
      compared.map(({ learningRate }) => learningRate)
    )
    const remaining = structuredClone(whole.recorded.epochs.slice(-rest.recorded.epochs.length))
    // Dead is what did not fire in a whole epoch: of one that was begun before, nobody knows.
    const isWhole = (states.get(step)!.json as { cursor: { batches: number } }).cursor.batches === 0
    if (!isWhole) delete remaining[0]!.deadUnits
    expect(rest.recorded.epochs).toEqual(remaining)
    expect(result.best).toEqual(expected.best)
    expect(result.epochsDone).toBe(expected.epochsDone)
    for (const [key, { data }] of expected.tensors) {
      expect(largestDifference(result.tensors.get(key)!.data, data), key).toBe(0)
    }
    expect(largestDifference(result.head.kernel, expected.head.kernel)).toBe(0)
  }
})

it('has nothing left to do once it was over', async () => {
  const whole = stripes.input({ fineTune: { epochs: 2 } })
  let last: LoopState | null = null
  whole.onCheckpoint = (capture) => void (last = stored(capture()))
  const expected = await fineTune(whole)
  const rest = stripes.input({ fineTune: { epochs: 2 } as Partial<TrainingConfig['fineTune']>, resume: last! })
  const result = await fineTune(rest)
  expect(rest.recorded.steps).toEqual([])
  expect(result.best).toEqual(expected.best)
})

it('asks for a checkpoint after as many steps as it is told, and at the end of each epoch', async () => {
  const input = stripes.input({ fineTune: { epochs: 2, batchSize: 4 } })
  const asked: number[] = []
  input.checkpointEvery = 3
  input.onCheckpoint = () => asked.push(input.recorded.steps.length)
  await fineTune(input)
  expect(input.recorded.steps).toHaveLength(10)
  expect(asked).toEqual([3, 5, 6, 9, 10])
})
