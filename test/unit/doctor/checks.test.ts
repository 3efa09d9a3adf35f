import { describe, expect, it } from 'vitest'
import type { DeviceReport } from '@shared/domain/device'
import { presetConfig } from '@shared/domain/presets'
import type { TrainingConfig } from '@shared/domain/training-config'
import { frozenPrecision, precision } from '../../../main/engine/diagnosis/checks/device'
import { judge } from '../../../main/engine/diagnosis/checks/oversized'
import { verdict } from '../../../main/engine/diagnosis/checks/leak'
import { judgeRates } from '../../../main/engine/diagnosis/checks/head-rate'
import type { HeadTrial } from '../../../main/engine/diagnosis/head-trial'
import { regularisersOf } from '../../../main/engine/diagnosis/checks/regularisation'
import { stepsOf } from '../../../main/engine/diagnosis/checks/finetune-steps'
import { medianOf, updateRatio } from '../../../main/engine/diagnosis/finetune-trial'
import { areProbabilities, certainty, featureDistance } from '../../../main/engine/diagnosis/transform-trial'

const config = (mode: 'head' | 'finetune', change: (config: TrainingConfig) => void): TrainingConfig => {
  const made = presetConfig('default', mode)
  change(made)
  return made
}

describe("the head's rate", () => {
  const trial = (best: number, accuracy: number, cut = 1): HeadTrial => ({
    ...{ highest: 3, trained: best, best, last: best, accuracy, held: 80, cut, head: null }
  })
  const judge = (trials: Record<number, HeadTrial>, best: number, mode: 'head' | 'finetune' = 'head') => {
    const known = new Map(Object.entries(trials).map(([factor, one]) => [Number(factor), one]))
    const subject = { config: presetConfig('default', mode), classes: ['a', 'b', 'c', 'd'] }
    return judgeRates(subject, known.get(1)!, known, best).flatMap(({ findings }) => findings)
  }

  it('is too high where a lower one gets more right', () => {
    const [finding] = judge({ 0.1: trial(0.4, 0.9), 1: trial(1.2, 0.7), 10: trial(3, 0.5) }, 0.1)
    expect(finding).toMatchObject({
      code: 'training/learning-rate-high',
      severity: 'severe',
      repair: { changes: { 'head.learningRate': 0.0001 } }
    })
  })

  it('is not blamed for a higher loss of what is right all the same', () => {
    expect(judge({ 0.1: trial(0.1, 0.9), 1: trial(0.3, 0.9), 10: trial(0.5, 0.9) }, 0.1)).toEqual([])
  })

  it('is too low where nothing has been learned, by more than the trial was cut short', () => {
    const asleep = { 1: trial(1.38, 0.3, 2), 10: trial(1.3, 0.4, 2), 100: trial(0.3, 0.9, 2) }
    expect(judge(asleep, 100)[0]).toMatchObject({ code: 'training/learning-rate-low', severity: 'severe' })
    expect(judge({ 1: trial(0.8, 0.7, 8), 10: trial(0.3, 0.9, 8) }, 10)).toEqual([])
  })

  it('is not blamed for two pictures of nine', () => {
    const few = (best: number, accuracy: number): HeadTrial => ({ ...trial(best, accuracy), held: 9 })
    expect(judge({ 1: few(0.9, 6 / 9), 10: few(0.2, 8 / 9) }, 10)).toEqual([])
  })

  it('is no more than a warning where the backbone goes on learning', () => {
    const [finding] = judge({ 0.1: trial(0.4, 0.9), 1: trial(1.2, 0.7) }, 0.1, 'finetune')
    expect(finding!.severity).toBe('warning')
  })
})

describe('regularisation', () => {
  it('is counted for the phase that learns last', () => {
    expect(regularisersOf(presetConfig('default', 'head'))).toHaveLength(3)
    expect(regularisersOf(presetConfig('naive', 'head'))).toEqual([])
    expect(regularisersOf(presetConfig('bit', 'finetune'))).toEqual(['augmentation'])
    expect(regularisersOf(presetConfig('fast-head', 'head'))).toEqual(['an L2 penalty'])
  })

  it('does not believe in the weight decay of Adam', () => {
    const made = config('head', ({ head }) => Object.assign(head, { optimizer: 'adam', dropout: 0, labelSmoothing: 0 }))
    expect(made.head.weightDecay).toBeGreaterThan(0)
    expect(regularisersOf(made)).toEqual([])
  })

  it('does not count augmentation for a head, which sees cached features', () => {
    const made = config('head', ({ head }) => Object.assign(head, { weightDecay: 0, dropout: 0, labelSmoothing: 0 }))
    expect(regularisersOf(made)).toEqual([])
  })
})

describe('a leak', () => {
  const image = (id: number) => ({ id, path: `${id}.png`, hash: String(id), classIndex: 0, split: 'test' as const })
  const held = Array.from({ length: 100 }, (_, id) => image(id))

  it('is graver the larger its share', () => {
    const severityOf = (count: number) =>
      verdict({ held, identical: held.slice(0, count), alike: [], looked: 10 }).findings[0]?.severity
    expect([severityOf(0), severityOf(1), severityOf(3), severityOf(10)]).toEqual([
      undefined,
      'info',
      'warning',
      'severe'
    ])
  })

  it('names pictures and gives the share', () => {
    const [finding] = verdict({ held, identical: [held[0]!], alike: [[held[1]!, image(500)]], looked: 10 }).findings
    expect(finding!.evidence).toMatchObject({ value: 0.02, expected: 0 })
    expect(finding!.evidence.text).toContain('1.png and 500.png')
  })
})

describe('a smaller backbone', () => {
  const rights = (share: number): Uint8Array =>
    Uint8Array.from({ length: 200 }, (_, row) => (row < share * 200 ? 1 : 0))
  const own = { id: 'large', name: 'Large', ms: 40, right: rights(0.8) }

  it('is offered when it is as good and twice as fast', () => {
    const { check, findings } = judge(own, [{ id: 'small', name: 'Small', ms: 10, right: rights(0.8) }])
    expect(check.state).toBe('finding')
    expect(findings[0]).toMatchObject({ severity: 'warning', repair: { changes: { backboneId: 'small' } } })
  })

  it('is not when it loses, or is hardly faster', () => {
    expect(judge(own, [{ id: 'small', name: 'Small', ms: 10, right: rights(0.7) }]).check.state).toBe('passed')
    expect(judge(own, [{ id: 'small', name: 'Small', ms: 30, right: rights(0.8) }]).check.state).toBe('passed')
  })
})

describe('figures', () => {
  it('of an update are relative to the weights', () => {
    expect(updateRatio(Float32Array.of(3, 4), Float32Array.of(3, 4.5))).toBeCloseTo(0.1)
    expect(medianOf([5, 1, 3])).toBe(3)
    expect(medianOf([])).toBe(0)
  })

  it('of answers: certainty, entropy, and whether they are probabilities', () => {
    const even = certainty(new Float32Array(8).fill(2), 2)
    expect(even.confidence).toBeCloseTo(0.25)
    expect(even.entropy).toBeCloseTo(Math.log(4))
    expect(areProbabilities(Float32Array.of(0.25, 0.75))).toBe(true)
    expect(areProbabilities(Float32Array.of(1.5, -0.5))).toBe(false)
  })

  it('of features: alike, unrelated', () => {
    expect(featureDistance(Float32Array.of(1, 0, 0, 2), Float32Array.of(2, 0, 0, 1), 2)).toBeCloseTo(0)
    expect(featureDistance(Float32Array.of(1, 0), Float32Array.of(0, 1), 2)).toBeCloseTo(1)
  })

  it('of a course: steps with accumulation, and a limit', () => {
    const made = config('finetune', ({ fineTune }) =>
      Object.assign(fineTune, { batchSize: 10, accumulate: 2, epochs: 3 })
    )
    expect(stepsOf(made, 95)).toBe(15)
    made.fineTune.maxSteps = 4
    expect(stepsOf(made, 95)).toBe(4)
  })
})

describe('eight bits', () => {
  const look = (form: 'graph' | 'onnx', frozen: DeviceReport['frozen'], wanted: 'float32' | 'int8' = 'int8') => {
    const made = config('head', (subject) => (subject.frozenPrecision = wanted))
    const job = { device: { frozen } } as Parameters<typeof frozenPrecision>[0]['job']
    return frozenPrecision({ config: made, job }, { name: 'Net', form }).findings
  }

  it('are said to be impossible before training starts, with float32 as the way out', () => {
    expect(look('onnx', 'onnxruntime')[0]).toMatchObject({
      code: 'device/no-int8',
      severity: 'severe',
      evidence: { text: "'Net' is kept as onnx, which is run as it is." },
      repair: { changes: { frozenPrecision: 'float32' } }
    })
    expect(look('graph', 'tensorflow')[0]!.evidence.text).toMatch(/^The GPU/)
  })

  it('are in order on ONNX Runtime, and no matter to float32', () => {
    expect(look('graph', 'onnxruntime')).toEqual([])
    expect(look('graph', 'wasm', 'float32')).toEqual([])
  })
})

describe('bfloat16', () => {
  const look = (bfloat16: boolean, gpu = false, mode: 'head' | 'finetune' = 'finetune') => {
    const rung: DeviceReport['ladder'][number] = {
      ...{ id: 'tensorflow-gpu', name: '', detail: '', reason: null, remedy: null },
      state: gpu ? 'active' : 'unavailable'
    }
    const device = { cpu: { model: 'a CPU', threads: 2, memoryBytes: 1e9, bfloat16 }, ladder: [rung] }
    const subject = {
      config: config(mode, ({ fineTune }) => (fineTune.precision = 'bfloat16')),
      job: { device } as Parameters<typeof precision>[0]['job']
    }
    return precision(subject).findings
  }

  it('is said to be impossible before training starts, with float32 as the way out', () => {
    expect(look(false)[0]).toMatchObject({
      code: 'device/no-bfloat16',
      severity: 'severe',
      repair: { changes: { 'fineTune.precision': 'float32' } }
    })
    expect(look(true, true)[0]!.evidence.text).toContain('GPU')
  })

  it('is in order on a processor that multiplies it, and no matter to a head', () => {
    expect(look(true)).toEqual([])
    expect(look(false, false, 'head')).toEqual([])
  })
})
