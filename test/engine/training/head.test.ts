import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import { presetConfig } from '@shared/domain/presets'
import type { TrainingConfig } from '@shared/domain/training-config'
import type { EpochReport, HeadWeights, StepReport } from '../../../main/engine/training/finetune-contract'
import { softTargets, type FeatureSet } from '../../../main/engine/training/head-data'
import { findHeadRuntime, openHeadSessions, type HeadRuntime } from '../../../main/engine/training/head-sessions'
import { trainHead, type HeadTrainingInput } from '../../../main/engine/training/train-head'

const runtime = findHeadRuntime()

async function wasmRuntime(): Promise<HeadRuntime> {
  const web = await import('onnxruntime-web')
  web.env.wasm.numThreads = 1
  return { id: 'wasm', version: web.env.versions.common, runtime: web }
}

/** Loss of a batch in float64, written apart from the graph. */
function lossOf({ kernel, bias, classes }: HeadWeights, x: Float32Array, y: Float32Array): number {
  const rows = y.length / classes
  const features = x.length / rows
  let loss = 0
  for (let row = 0; row < rows; row++) {
    const logits = Array.from({ length: classes }, (_, k) => {
      let sum = bias[k]!
      for (let f = 0; f < features; f++) sum += x[row * features + f]! * kernel[f * classes + k]!
      return sum
    })
    const largest = Math.max(...logits)
    const logSum = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
    logits.forEach((logit, k) => (loss -= (y[row * classes + k]! * (logit - logSum)) / rows))
  }
  return loss
}

/** Clouds around one corner a class; far apart, so that a line separates them. */
function clouds(seed: number, rowsPerClass: number, classes: number, spread: number, width = 6): FeatureSet {
  const random = createRandom(seed)
  const labels = Array.from({ length: rowsPerClass * classes }, (_, row) => row % classes)
  const values = new Float32Array(labels.length * width)
  labels.forEach((label, row) => {
    for (let f = 0; f < width; f++) values[row * width + f] = (f === label ? 3 : 0) + spread * random.normal()
  })
  return { values, width, labels }
}

function configWith(head: Partial<TrainingConfig['head']>, rest: Partial<TrainingConfig> = {}): TrainingConfig {
  const base = presetConfig('default', 'head')
  return { ...base, ...rest, head: { ...base.head, method: 'gradient', ...head } }
}

function inputOf(changes: Partial<HeadTrainingInput> = {}) {
  const steps: StepReport[] = []
  const epochs: EpochReport[] = []
  const input: HeadTrainingInput = {
    runtime,
    train: clouds(1, 30, 3, 0.4),
    validation: clouds(2, 10, 3, 0.4),
    classes: 3,
    config: configWith({ batchSize: 16, epochs: 20 }),
    reporter: {
      onStart: () => undefined,
      onStep: (step) => steps.push(step),
      onEpoch: (epoch) => epochs.push(epoch)
    },
    signal: new AbortController().signal,
    ...changes
  }
  return { input, steps, epochs }
}

describe('the head graph', () => {
  const [features, classes, rows] = [5, 4, 7]
  const random = createRandom(9)
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal())
  const head = { kernel: normals(features * classes), bias: normals(classes), classes }
  const x = normals(rows * features)
  const y = softTargets([0, 1, 2, 3, 0, 1, 2], classes, 0.1)

  it.each([
    ['native', () => Promise.resolve(runtime)],
    ['wasm', wasmRuntime]
  ])('gives the loss and its gradient on the %s build', async (_, find) => {
    const sessions = await openHeadSessions(await find(), { features: features, classes: classes, units: 0 })
    try {
      const { loss, probabilities, gradients } = await sessions.step(head, x, y)
      expect(loss).toBeCloseTo(lossOf(head, x, y), 5)
      const h = 1e-2
      for (const [name, gradient] of [
        ['kernel', gradients[0]!],
        ['bias', gradients[1]!]
      ] as const) {
        expect(gradient).toHaveLength(head[name].length)
        gradient.forEach((value, index) => {
          const at = (shift: number): number => {
            const values = head[name].slice()
            values[index]! += shift
            return lossOf({ ...head, [name]: values }, x, y)
          }
          expect(value).toBeCloseTo((at(h) - at(-h)) / (2 * h), 3)
        })
      }
      const predicted = await sessions.predict(head, x)
      expect([...predicted]).toEqual([...probabilities].map((value) => expect.closeTo(value, 6)))
      for (let row = 0; row < rows; row++) {
        const sum = predicted.subarray(row * classes, (row + 1) * classes).reduce((a, b) => a + b, 0)
        expect(sum).toBeCloseTo(1, 5)
      }
    } finally {
      await sessions.dispose()
    }
  })
})

describe('trainHead', () => {
  it.each(['adamw', 'adam', 'sgd'] as const)(
    'learns separable classes to the last image with %s',
    async (optimizer) => {
      const { input, steps, epochs } = inputOf({
        config: configWith({ optimizer, epochs: 40, batchSize: 16, learningRate: 0.05, dropout: 0, labelSmoothing: 0 })
      })
      const result = (await trainHead(input))!
      expect(result.best.validationAccuracy).toBe(1)
      expect(epochs.at(-1)!.trainAccuracy).toBe(1)
      // Zero weights: the first batch knows nothing.
      expect(steps[0]!.loss).toBeCloseTo(Math.log(3), 5)
      expect(result.steps).toBe(steps.length)
      expect(steps.length).toBe(result.epochsDone * Math.ceil(90 / 16))
      // The head works on plain features: the scaling is folded in.
      const sessions = await openHeadSessions(runtime, { features: 6, classes: 3, units: 0 })
      const probabilities = await sessions.predict(result.head, input.validation.values)
      await sessions.dispose()
      const right = Array.from(input.validation.labels).filter((label, row) => probabilities[row * 3 + label]! > 0.5)
      expect(right).toHaveLength(30)
    }
  )

  it('gives the same head bit for bit for the same seed, another for another', async () => {
    const train = async (seed: number): Promise<HeadWeights> =>
      (await trainHead(inputOf({ config: configWith({ epochs: 5, batchSize: 16 }, { seed }) }).input))!.head
    const [first, second, other] = [await train(3), await train(3), await train(4)]
    expect(first).toEqual(second)
    expect(first.kernel).not.toEqual(other.kernel)
  })

  it('restores the best epoch and stops when patience runs out', async () => {
    // Few noisy images, many wide steps: validation loss falls, then climbs.
    const { input, epochs } = inputOf({
      train: clouds(5, 8, 3, 3, 40),
      validation: clouds(6, 20, 3, 3, 40),
      config: configWith(
        {
          epochs: 200,
          batchSize: 8,
          learningRate: 0.02,
          dropout: 0,
          labelSmoothing: 0,
          weightDecay: 0,
          schedule: 'constant'
        },
        { earlyStopping: { enabled: true, patience: 4, restoreBest: true } }
      )
    })
    const result = (await trainHead(input))!
    const losses = epochs.map(({ validationLoss }) => validationLoss)
    const lowest = Math.min(...losses)
    expect(result.epochsDone).toBeLessThan(200)
    expect(result.best.epoch).toBe(losses.indexOf(lowest) + 1)
    expect(result.epochsDone).toBe(result.best.epoch + 4)
    const sessions = await openHeadSessions(runtime, { features: 40, classes: 3, units: 0 })
    const probabilities = await sessions.predict(result.head, input.validation.values)
    await sessions.dispose()
    const loss = Array.from(input.validation.labels).reduce(
      (sum, label, row) => sum - Math.log(probabilities[row * 3 + label]!),
      0
    )
    expect(loss / 60).toBeCloseTo(lowest, 4)
  })

  it('keeps the last epoch where the configuration asks for it', async () => {
    const { input, epochs } = inputOf({
      train: clouds(5, 8, 3, 3, 40),
      validation: clouds(6, 20, 3, 3, 40),
      config: configWith(
        { epochs: 30, batchSize: 8, learningRate: 0.02, dropout: 0 },
        { earlyStopping: { enabled: false, patience: 4, restoreBest: false } }
      )
    })
    const result = (await trainHead(input))!
    expect(epochs).toHaveLength(30)
    expect(result.kept.epoch).toBe(30)
    expect(result.best.epoch).toBeLessThan(30)
  })

  it('ends after the step it is in when it is stopped, and keeps what it has', async () => {
    const controller = new AbortController()
    const { input } = inputOf()
    let steps = 0
    input.reporter.onStep = () => {
      if (++steps === 20) controller.abort()
    }
    const result = (await trainHead({ ...input, signal: controller.signal }))!
    expect(steps).toBe(20)
    expect(result).toMatchObject({ stopped: true, steps: 20, epochsDone: 3 })
    expect(result.head.kernel.some((weight) => weight !== 0)).toBe(true)
  })

  it('has nothing to give when it was stopped before its first step', async () => {
    expect(await trainHead(inputOf({ signal: AbortSignal.abort() }).input)).toBeNull()
  })

  it('names the learning rate when the loss is not a number any more', async () => {
    // Beyond what the settings allow, and on features of no reasonable scale.
    const train = clouds(1, 30, 3, 0.4)
    const { input } = inputOf({
      train: { ...train, values: train.values.map((value) => value * 1e30) },
      config: configWith({ optimizer: 'sgd', learningRate: 1e3, scaling: 'none', epochs: 50 })
    })
    await expect(trainHead(input)).rejects.toMatchObject({
      code: 'run/diverged',
      message: expect.stringContaining('head.learningRate')
    })
  })

  it('releases every session, also when it fails', async () => {
    let open = 0
    const counting: HeadRuntime = {
      ...runtime,
      runtime: {
        Tensor: runtime.runtime.Tensor,
        InferenceSession: {
          async create(model, options) {
            const session = await runtime.runtime.InferenceSession.create(model, options)
            open++
            const release = session.release.bind(session)
            return Object.assign(session, { release: () => release().then(() => void open--) })
          }
        }
      }
    }
    const { input } = inputOf({ runtime: counting })
    await trainHead(input)
    expect(open).toBe(0)
    input.reporter.onEpoch = () => {
      throw new Error('full disk')
    }
    await expect(trainHead(input)).rejects.toThrow('full disk')
    expect(open).toBe(0)
  })
})
