import { describe, expect, it } from 'vitest'
import { bySeries } from '../../renderer/charts/series'
import { overlay } from '../../renderer/components/compare/compare-curves'
import { formatInterval, formatP, formatPoints, formatRange } from '../../renderer/components/compare/pair-text'
import { axisEnd, bestPin, headEpochs, plannedEpochs, runCurves } from '../../renderer/components/run/run-curves'
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

  it('says what there is when there was no test', () => {
    expect(verdict(aRun({ state: 'stopped' }), null, {})).toBe(
      '80.0 % on the validation images at epoch 6, not tested.'
    )
    expect(verdict(aRun({ state: 'failed', best: null }), null, {})).toBe('Failed before there was a result.')
    expect(verdict(aRun({ state: 'interrupted', best: null }), null, {})).toContain('Interrupted')
  })
})

describe('curves of a run', () => {
  const metrics = bySeries([
    ...epochPoints('validation_loss', [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.55]),
    ...epochPoints('validation_accuracy', [0.1, 0.2, 0.3, 0.4, 0.5, 0.8, 0.7])
  ])

  it('pins the best epoch on every axis, and nothing without one', () => {
    expect(bestPin(aRun(), metrics, 'validation_loss', 'epoch')).toEqual({
      x: 6,
      y: 0.5,
      label: 'best 0.500 · epoch 6'
    })
    expect(bestPin(aRun(), metrics, 'validation_loss', 'step')!.x).toBe(60)
    expect(bestPin(aRun(), metrics, 'validation_accuracy', 'time')).toMatchObject({ x: 6, y: 0.8 })
    expect(bestPin(aRun({ best: null }), metrics, 'validation_loss', 'epoch')).toBeNull()
  })

  it('draws validation thicker than training, with a marker', () => {
    const { loss } = runCurves(aRun(), metrics, 'epoch', false, '#888888')
    expect(loss.map(({ label }) => label)).toEqual(['Training', 'Validation'])
    expect(loss[1]!.width).toBeGreaterThan(loss[0]!.width!)
    expect(loss[1]!.marker).toBeDefined()
    expect(loss[1]!.points).toHaveLength(7)
  })

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

describe('overlaid curves', () => {
  const runs = [aRun({ id: 'a', name: 'A', color: 1 }), aRun({ id: 'b', name: 'B', color: 4 })]
  const metricsOf = () => bySeries(epochPoints('validation_loss', [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.55]))
  const input = { runs, metricsOf, kind: 'loss', axis: 'epoch', smoothing: 0, training: false, dark: false } as const

  it('gives each run its colour and dash, and rings its best epoch', () => {
    const { series, pins } = overlay(input)
    expect(new Set(series.map(({ color }) => color)).size).toBe(2)
    expect(series[0]!.dash).not.toEqual(series[1]!.dash)
    expect(pins.map(({ x, y }) => [x, y])).toEqual([
      [6, 0.5],
      [6, 0.5]
    ])
  })

  it('keeps what was measured, faint, behind what is smoothed', () => {
    const { series, pins } = overlay({ ...input, smoothing: 0.9 })
    expect(series[0]!.raw!.map(({ y }) => y)).toContain(0.5)
    expect(series[0]!.points.at(-2)!.y).toBeGreaterThan(0.5)
    expect(pins).toEqual([])
  })

  it('adds training when asked', () => {
    expect(overlay({ ...input, training: true }).series.map(({ label }) => label)).toEqual([
      'A',
      'A, training',
      'B',
      'B, training'
    ])
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
