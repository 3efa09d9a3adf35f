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
