import { describe, expect, it } from 'vitest'
import { presetConfig } from '@shared/domain/presets'
import type { TrainingConfig } from '@shared/domain/training-config'
import { createRandom } from '@shared/random'
import { inferShapes } from '../../../main/engine/backbones/shapes'
import { interpret } from '../../../main/engine/backbones/reference'
import type { FrozenNetwork } from '../../../main/engine/executors/executor'
import { applyCheckpoint, readHead } from '../../../main/engine/inference/checkpoint'
import { softmax } from '../../../main/engine/inference/trained-network'
import { withHead } from '../../../main/engine/inference/with-head'
import { checkpointTensors, weightsOf } from '../../../main/engine/training/checkpoint'
import type { EpochReport, HeadWeights, StepReport } from '../../../main/engine/training/finetune-contract'
import { softTargets, type FeatureSet } from '../../../main/engine/training/head-data'
import { findHeadRuntime, openHeadSessions, shapeOfHead } from '../../../main/engine/training/head-sessions'
import type { LoopState } from '../../../main/engine/training/loop-state'
import { trainHead, type HeadTrainingInput } from '../../../main/engine/training/train-head'
import { randomInput, tinyBackbone } from '../../fixtures/graphs'

const runtime = findHeadRuntime()

/** Two classes in four corners: no line separates them, a hidden layer does. */
function corners(seed: number, rows: number): FeatureSet {
  const random = createRandom(seed)
  const values = new Float32Array(rows * 2)
  const labels = Array.from({ length: rows }, (_, row) => {
    const [right, up] = [random.int(2), random.int(2)]
    values[row * 2] = 2 * right - 1 + 0.2 * random.normal()
    values[row * 2 + 1] = 2 * up - 1 + 0.2 * random.normal()
    return right ^ up
  })
  return { values, width: 2, labels }
}

/** Clouds around one corner a class, overlapping. */
function clouds(seed: number, counts: readonly number[], width = 8): FeatureSet {
  const random = createRandom(seed)
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label))
  const values = Float32Array.from({ length: labels.length * width }, (_, place) => {
    const feature = place % width
    return (feature === labels[Math.floor(place / width)] ? 1.5 : 0) + random.normal()
  })
  return { values, width, labels }
}

interface Course {
  result: Awaited<ReturnType<typeof trainHead>>
  steps: StepReport[]
  epochs: EpochReport[]
}

async function train(
  sets: Pick<HeadTrainingInput, 'train' | 'validation' | 'classes'>,
  head: Partial<TrainingConfig['head']>,
  rest: Partial<TrainingConfig> = {},
  more: Partial<HeadTrainingInput> = {},
  onCheckpoint?: (course: Omit<Course, 'result'>, capture: () => LoopState) => void
): Promise<Course> {
  const base = presetConfig('default', 'head')
  const config = { ...base, ...rest, head: { ...base.head, ...head } }
  const steps: StepReport[] = []
  const epochs: EpochReport[] = []
  const reporter: HeadTrainingInput['reporter'] = {
    onStart: () => undefined,
    onStep: ({ imagesPerSecond: _, ...step }) => steps.push({ ...step, imagesPerSecond: 0 }),
    onEpoch: (epoch) => epochs.push(epoch)
  }
  const signal = new AbortController().signal
  const asked = onCheckpoint && { onCheckpoint: (capture: () => LoopState) => onCheckpoint({ steps, epochs }, capture) }
  const result = await trainHead({ runtime, ...sets, config, reporter, signal, ...asked, ...more })
  return { result, steps, epochs }
}

async function accuracy(head: HeadWeights, { values, labels }: FeatureSet): Promise<number[]> {
  const sessions = await openHeadSessions(runtime, shapeOfHead(head))
  const probabilities = await sessions.predict(head, values)
  await sessions.dispose()
  const right = new Array<number>(head.classes).fill(0)
  const all = new Array<number>(head.classes).fill(0)
  Array.from(labels).forEach((label, row) => {
    const own = probabilities.subarray(row * head.classes, (row + 1) * head.classes)
    all[label]!++
    if (own.indexOf(Math.max(...own)) === label) right[label]!++
  })
  return right.map((count, label) => count / all[label]!)
}

describe('a hidden layer', () => {
  it('has the gradient of its loss, through ReLU and dropout', async () => {
    const random = createRandom(4)
    const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal())
    const [rows, features, units, classes] = [6, 5, 4, 3]
    const head: HeadWeights = {
      kernel: normals(units * classes),
      bias: normals(classes),
      classes,
      hidden: { kernel: normals(features * units), bias: normals(units) }
    }
    const x = normals(rows * features)
    const y = softTargets([0, 1, 2, 0, 1, 2], classes, 0.1, Float32Array.of(1, 2, 0.5))
    const mask = Float32Array.from({ length: rows * units }, (_, place) => (place % 3 === 0 ? 0 : 1.5))
    const sessions = await openHeadSessions(runtime, shapeOfHead(head))
    const { gradients } = await sessions.step(head, x, y, mask)
    const weights = [head.kernel, head.bias, head.hidden!.kernel, head.hidden!.bias]
    for (const [place, values] of weights.entries()) {
      expect(gradients[place]).toHaveLength(values.length)
      for (let index = 0; index < values.length; index++) {
        const before = values[index]!
        const at = async (shift: number): Promise<number> => {
          values[index] = before + shift
          return (await sessions.step(head, x, y, mask)).loss
        }
        const slope = ((await at(2e-3)) - (await at(-2e-3))) / 4e-3
        values[index] = before
        expect(gradients[place]![index]).toBeCloseTo(slope, 2)
      }
    }
    await sessions.dispose()
  })

  it('learns what no plane separates', async () => {
    const sets = { train: corners(1, 200), validation: corners(2, 80), classes: 2 }
    const settings = { method: 'gradient', epochs: 60, batchSize: 32, learningRate: 0.02, dropout: 0 } as const
    const without = await train(sets, settings)
    const { result } = await train(sets, { ...settings, hiddenUnits: 16 })
    expect(without.result!.best.validationAccuracy).toBeLessThan(0.75)
    expect(result!.best.validationAccuracy).toBeGreaterThan(0.95)
    // On plain features: the scaling is folded into the hidden layer.
    expect(Math.min(...(await accuracy(result!.head, sets.validation)))).toBeGreaterThan(0.95)
  })
})

describe('logistic regression', () => {
  const sets = { train: clouds(1, [40, 40, 40]), validation: clouds(2, [20, 20, 20]), classes: 3 }

  it('tries the penalties from the strongest on and keeps the best on validation', async () => {
    const { result, epochs, steps } = await train(sets, { method: 'lbfgs' })
    const losses = epochs.map(({ validationLoss }) => validationLoss)
    expect(losses[0]).toBeCloseTo(Math.log(3), 1)
    expect(result!.best.validationLoss).toBe(Math.min(...losses))
    expect(epochs.length).toBe(result!.best.epoch + 4)
    expect(steps.map(({ step }) => step)).toEqual(epochs.map(({ epoch }) => epoch))
    // The objective falls as its penalty does.
    steps.slice(1).forEach(({ loss }, index) => expect(loss).toBeLessThanOrEqual(steps[index]!.loss + 1e-6))
    const ofEach = await accuracy(result!.head, sets.validation)
    expect((ofEach[0]! + ofEach[1]! + ofEach[2]!) / 3).toBeCloseTo(result!.kept.validationAccuracy, 6)
    expect(result!.kept.validationAccuracy).toBeGreaterThan(0.75)
  })

  it('takes one penalty when it is told which', async () => {
    const { result, epochs } = await train(sets, { method: 'lbfgs', penalty: 1 })
    expect(epochs).toHaveLength(1)
    expect(result).toMatchObject({ epochsDone: 1, stopped: false })
  })

  it('goes through all of them where nothing ends it early', async () => {
    const { epochs, result } = await train(
      sets,
      { method: 'lbfgs' },
      { earlyStopping: { enabled: false, patience: 10, restoreBest: false } }
    )
    expect(epochs).toHaveLength(45)
    expect(result!.kept.epoch).toBe(45)
  })

  it('says so when the features are no numbers', async () => {
    const values = sets.train.values.slice().fill(NaN, 0, 8)
    await expect(train({ ...sets, train: { ...sets.train, values } }, { method: 'lbfgs' })).rejects.toMatchObject({
      code: 'run/diverged',
      message: expect.stringContaining('features')
    })
  })

  it('helps rare classes when it weighs them', async () => {
    const rare = { train: clouds(3, [160, 12], 4), validation: clouds(4, [100, 100], 4), classes: 2 }
    const recall = async (lossWeights: 'none' | 'balanced'): Promise<number> => {
      const balance = { lossWeights, sampling: 'shuffle' } as const
      const { result } = await train(rare, { method: 'lbfgs', penalty: 1, labelSmoothing: 0 }, { balance })
      return (await accuracy(result!.head, rare.validation))[1]!
    }
    expect(await recall('balanced')).toBeGreaterThan((await recall('none')) + 0.1)
  })
})

describe('the checkpoint of a head with a hidden layer', () => {
  const features = tinyBackbone()
  const picture = randomInput(
    inferShapes(features)
      .get(features.nodes[0]!.name)!
      .reduce((a, b) => a * b, 1)
  )
  const pooled = interpret(features, picture)
  const random = createRandom(8)
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal())
  const head: HeadWeights = {
    kernel: normals(5 * 3),
    bias: normals(3),
    classes: 3,
    hidden: { kernel: normals(pooled.length * 5), bias: normals(5) }
  }
  const tensors = checkpointTensors({ head, tensors: new Map() })

  it('reads as it was written', () => {
    expect(weightsOf(tensors).head).toEqual(head)
  })

  it('predicts as the training did, as layers and behind a foreign model', async () => {
    const sessions = await openHeadSessions(runtime, shapeOfHead(head))
    const expected = [...(await sessions.predict(head, pooled))].map((value) => expect.closeTo(value, 5))
    await sessions.dispose()
    expect([...softmax(interpret(applyCheckpoint(features, tensors), picture))]).toEqual(expected)
    const frozen = {
      inputShape: [1],
      outputShape: [pooled.length],
      run: async () => pooled,
      dispose: async () => undefined
    }
    const foreign = withHead(frozen as unknown as FrozenNetwork, readHead(tensors))
    expect([...softmax(await foreign.run(picture, 1))]).toEqual(expected)
  })
})

describe('going on from a saved state', () => {
  const sets = { train: clouds(1, [50, 30, 20]), validation: clouds(2, [10, 10, 10]), classes: 3 }
  /** As a checkpoint on disk would give it back. */
  const stored = ({ json, tensors }: LoopState): LoopState => ({ json: JSON.parse(JSON.stringify(json)), tensors })

  it.each([
    ['adamw', { optimizer: 'adamw', ema: 0.99, schedule: 'cosine' }, 'shuffle'],
    ['sgd on a plateau', { optimizer: 'sgd', schedule: 'plateau', learningRate: 0.5, clipNorm: 0.5 }, 'balanced'],
    ['rmsprop with a hidden layer', { optimizer: 'rmsprop', hiddenUnits: 7, schedule: 'one-cycle' }, 'shuffle']
  ] as const)('%s: the curve is that of an uninterrupted run, bit for bit', async (_, head, sampling) => {
    const settings = { method: 'gradient', epochs: 8, batchSize: 16, dropout: 0.3, ...head } as const
    const rest = { balance: { lossWeights: 'balanced', sampling } } as const
    const states: { steps: number; epochs: number; state: LoopState }[] = []
    const whole = await train(sets, settings, rest, {}, (course, capture) => {
      states.push({ steps: course.steps.length, epochs: course.epochs.length, state: stored(capture()) })
    })
    expect(states).toHaveLength(8 * 7)
    // Within an epoch, at an epoch's end, and near the end.
    for (const place of [2, 6, 24, 51]) {
      const { steps, epochs, state } = states[place]!
      const resumed = await train(sets, settings, rest, { resume: state })
      expect(resumed.steps).toEqual(whole.steps.slice(steps))
      expect(resumed.epochs).toEqual(whole.epochs.slice(epochs))
      expect(resumed.result).toEqual(whole.result)
    }
  })

  it('logistic regression goes on with the next penalty', async () => {
    const states: LoopState[] = []
    const whole = await train(
      sets,
      { method: 'lbfgs' },
      {},
      { onCheckpoint: (capture) => states.push(stored(capture())) }
    )
    expect(states).toHaveLength(whole.epochs.length)
    for (const done of [1, 7, whole.epochs.length]) {
      const rest = await train(sets, { method: 'lbfgs' }, {}, { resume: states[done - 1]! })
      expect(rest.epochs).toEqual(whole.epochs.slice(done))
      expect(rest.result).toEqual(whole.result)
    }
  })

  it('a state that is taken later is another: nothing of it is shared with the training', async () => {
    let first: LoopState | null = null
    let copy: LoopState | null = null
    await train(
      sets,
      { method: 'gradient', epochs: 3, batchSize: 16 },
      {},
      {
        onCheckpoint: (capture) => {
          first ??= capture()
          copy ??= structuredClone(first)
        }
      }
    )
    expect(first).toEqual(copy)
  })
})
