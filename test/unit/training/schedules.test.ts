import { describe, expect, it } from 'vitest'
import { EarlyStopping } from '../../../main/engine/training/early-stopping'
import { createSchedule } from '../../../main/engine/training/schedules'

describe('createSchedule', () => {
  it('stays constant', () => {
    const rate = createSchedule({ learningRate: 0.01, schedule: 'constant', warmup: 0 }, 100)
    expect([0, 50, 99].map(rate)).toEqual([0.01, 0.01, 0.01])
  })

  it('climbs in equal parts to the peak', () => {
    const rate = createSchedule({ learningRate: 1, schedule: 'constant', warmup: 0.1 }, 40)
    expect([0, 1, 2, 3, 4].map(rate)).toEqual([0.25, 0.5, 0.75, 1, 1])
  })

  it('comes down along half a cosine, never below zero', () => {
    const rate = createSchedule({ learningRate: 2, schedule: 'cosine', warmup: 0.5 }, 8)
    expect(rate(4)).toBe(2)
    expect(rate(5)).toBeCloseTo(1 + Math.SQRT1_2, 12)
    expect(rate(6)).toBeCloseTo(1, 12)
    expect(rate(7)).toBeCloseTo(1 - Math.SQRT1_2, 12)
    expect(rate(100)).toBe(0)
  })

  it('takes a whole run of warm-up, and runs of one step', () => {
    const rate = createSchedule({ learningRate: 1, schedule: 'cosine', warmup: 1 }, 4)
    expect([0, 1, 2, 3].map(rate)).toEqual([0.25, 0.5, 0.75, 1])
    expect(createSchedule({ learningRate: 1, schedule: 'cosine', warmup: 0.05 }, 1)(0)).toBe(1)
  })
})

describe('the other schedules', () => {
  it('one cycle: half a cosine from a fifth up, half a cosine down to a hundred-thousandth', () => {
    const rate = createSchedule({ learningRate: 1, schedule: 'one-cycle', warmup: 0.25 }, 100)
    expect(rate(0)).toBeCloseTo(0.2, 12)
    expect(rate(12.5)).toBeCloseTo(0.6, 12)
    expect(rate(25)).toBeCloseTo(1, 12)
    expect(rate(62.5)).toBeCloseTo((1 + 1e-5) / 2, 12)
    expect(rate(100)).toBeCloseTo(1e-5, 12)
    // fastai's SchedCos: start + (1 + cos(π(1 − x)))·(end − start)/2.
    const fastai = (start: number, end: number, x: number) =>
      start + ((1 + Math.cos(Math.PI * (1 - x))) * (end - start)) / 2
    expect(rate(10)).toBeCloseTo(fastai(0.2, 1, 0.4), 12)
    expect(rate(90)).toBeCloseTo(fastai(1, 1e-5, 65 / 75), 12)
  })

  it('step: a tenth after 200, 300 and 400 of 500, after 100 of warm-up', () => {
    const rate = createSchedule({ learningRate: 0.003, schedule: 'step', warmup: 0.2 }, 500)
    expect([0, 99, 100, 199].map(rate)).toEqual([0.00003, 0.003, 0.003, 0.003])
    expect([200, 299, 300, 399, 400, 499].map((step) => rate(step) / 0.003)).toEqual(
      [0.1, 0.1, 0.01, 0.01, 0.001, 0.001].map((share) => expect.closeTo(share, 12))
    )
  })

  it('plateau: a tenth after four epochs that are not clearly better, also after a resume', () => {
    const config = { learningRate: 1, schedule: 'plateau', warmup: 0 } as const
    const rate = createSchedule(config, 100)
    const rates = [1, 0.9, 0.9, 0.89995, 0.9, 1].map((loss) => {
      rate.observe(loss)
      return rate(50)
    })
    expect(rates).toEqual([1, 1, 1, 1, 1, 0.1])
    for (let epoch = 0; epoch < 3; epoch++) rate.observe(0.95)
    const resumed = createSchedule(config, 100)
    resumed.restore(rate.state())
    resumed.observe(0.95)
    expect(rate(60)).toBe(0.1)
    expect(resumed(60)).toBeCloseTo(0.01, 12)
  })

  it('only a plateau listens to validation', () => {
    const rate = createSchedule({ learningRate: 1, schedule: 'constant', warmup: 0 }, 10)
    for (let epoch = 0; epoch < 20; epoch++) rate.observe(1)
    expect(rate(5)).toBe(1)
  })
})

describe('EarlyStopping', () => {
  const epoch = (number: number, validationLoss: number) => ({ epoch: number, validationLoss, validationAccuracy: 0 })

  it('keeps the lowest loss, the earlier of equals, and stops after patience', () => {
    const stopping = new EarlyStopping({ enabled: true, patience: 2, restoreBest: true })
    expect(stopping.update(epoch(1, 1))).toEqual({ improved: true, exhausted: false })
    expect(stopping.update(epoch(2, 0.5))).toEqual({ improved: true, exhausted: false })
    expect(stopping.update(epoch(3, 0.5))).toEqual({ improved: false, exhausted: false })
    expect(stopping.update(epoch(4, 0.6))).toEqual({ improved: false, exhausted: true })
    expect(stopping.best).toEqual(epoch(2, 0.5))
  })

  it('has to beat its start', () => {
    const stopping = new EarlyStopping({ enabled: true, patience: 3, restoreBest: true }, epoch(0, 0.4))
    expect(stopping.update(epoch(1, 0.5)).improved).toBe(false)
    expect(stopping.update(epoch(2, 0.3)).improved).toBe(true)
  })

  it('never stops where it is switched off', () => {
    const stopping = new EarlyStopping({ enabled: false, patience: 1, restoreBest: true })
    stopping.update(epoch(1, 1))
    expect(stopping.update(epoch(50, 2)).exhausted).toBe(false)
  })
})
