import { describe, expect, it } from 'vitest'
import { bySeries } from '../../renderer/charts/series'
import { formatInterval, formatP, formatPoints, formatRange } from '../../renderer/components/compare/pair-text'
import { axisEnd, headEpochs, plannedEpochs } from '../../renderer/components/run/run-curves'
import { overfitting, verdict } from '../../renderer/components/run/verdict'
import { presetConfig } from '@shared/domain/presets'
import type { Evaluation } from '@shared/domain/evaluation'
import { aRun, epochPoints } from '../fixtures/runs'

const evaluation: Evaluation = {
  runId: 'run-1',
  split: 'test',
  classes: ['daisy', 'rose'],
  confusion: [
    [70, 5],
    [5, 70]
  ],
  perClass: [],
  count: 150,
  accuracy: 140 / 150,
  interval: [0.882, 0.963],
  loss: 0.2,
  macroF1: 0.93
}
const losses = (...values: (number | null)[]) => bySeries(epochPoints('validation_loss', values))

describe('verdict', () => {
  it('says accuracy, interval, and how the loss went on', () => {
    expect(verdict(aRun(), evaluation, losses(1, 0.8, 0.6, 0.5, 0.52, 0.55))).toBe(
      '93.3 % on 150 test images (95 % interval 88–96); overfits mildly after epoch 4.'
    )
    expect(verdict(aRun(), evaluation, losses(1, 0.5, 0.51))).toBe(
      '93.3 % on 150 test images (95 % interval 88–96); best epoch 6 of 10.'
    )
  })

  it('tells mild from strong, and noise from either', () => {
    expect(overfitting(losses(1, 0.5, 0.9))).toBe('overfits strongly after epoch 2')
    expect(overfitting(losses(1, 0.5, null, 0.52))).toBeNull()
    expect(overfitting(losses(1, 2))).toBeNull()
    expect(overfitting(losses(0.6, 0.01, 0.027))).toBeNull()
    expect(overfitting({})).toBeNull()
  })

  it('does not take a loss that ran away for pictures learned by heart', () => {
    const findings = [{ code: 'training/diverged', severity: 'severe' as const, title: 'The training runs away.' }]
    expect(verdict(aRun({ findings }), evaluation, losses(1, 0.5, 300))).toMatch(/; runs away after epoch 2\.$/)
  })

  it('says what there is when there was no test', () => {
    expect(verdict(aRun({ state: 'stopped' }), null, {})).toBe(
      '80.0 % on the validation images at epoch 6, not tested.'
    )
    expect(verdict(aRun({ state: 'failed', best: null }), null, {})).toBe('Failed before there was a result.')
    expect(verdict(aRun({ state: 'interrupted', best: null }), null, {})).toContain('Interrupted')
  })
})

describe('the axis of a run', () => {
  it('knows how far the axis will go', () => {
    const config = presetConfig('default', 'finetune')
    expect(plannedEpochs(aRun())).toBe(config.head.epochs)
    expect(plannedEpochs(aRun({ config }))).toBe(config.head.epochs + config.fineTune.epochs)
  })

  it('shows a short run whole, and a long one in halves that hold what there is', () => {
    expect(axisEnd(60, 1)).toBe(60)
    expect([1, 120, 130, 400, 900, 1000].map((done) => axisEnd(1000, done))).toEqual([125, 125, 250, 500, 1000, 1000])
    for (let done = 1; done <= 8000; done += 7) expect(axisEnd(8000, done)).toBeGreaterThanOrEqual(done)
  })

  it('learns from within fine-tuning when the head ended', () => {
    const config = presetConfig('default', 'finetune')
    config.fineTune.epochs = 4
    const progress = (phase: 'head' | 'finetune', done: number) =>
      ({ phase, done, total: 80, etaSeconds: null, imagesPerSecond: null }) as const
    expect(headEpochs(aRun({ config, epochsDone: 43 }), progress('head', 40))).toBeNull()
    expect(headEpochs(aRun({ config, epochsDone: 43 }), progress('finetune', 1))).toBeNull()
    expect(headEpochs(aRun({ config, epochsDone: 43 }), progress('finetune', 3))).toBe(43)
    expect(headEpochs(aRun({ config, epochsDone: 45 }), progress('finetune', 50))).toBe(43)
  })
})

describe('figures of a comparison', () => {
  it('writes p-values and points as papers do', () => {
    expect([0.0004, 0.0213, 0.34, 1].map(formatP)).toEqual(['< .001', '.021', '.34', '1'])
    expect([0.021, -0.021, 0].map(formatPoints)).toEqual(['+2.1 points', '−2.1 points', '0.0 points'])
    expect(formatInterval([0.882, 0.963])).toBe('88–96 %')
    expect(formatRange({ low: -0.0004, high: 0.039 })).toBe('0.0 to 3.9')
    expect(formatRange({ low: -0.012, high: 0 })).toBe('−1.2 to 0.0')
  })
})
