/** What the charts of runs hold: lines, pins, names, seeds. */
import { describe, expect, it } from 'vitest'
import { bySeries } from '../../renderer/charts/series'
import { haveSeeds, lineSources, seedKey } from '../../renderer/components/curves/line-list'
import {
  defaultMetrics,
  metricFamilies,
  metricOrder,
  metricParts,
  metricTitle
} from '../../renderer/components/curves/metric-names'
import { bestPlace, bestRings, queryLines } from '../../renderer/components/curves/query-lines'
import type { CurveAnswer } from '../../renderer/components/curves/use-curves'
import { familyLines, familyPins, streamedPoints } from '../../renderer/components/run/run-curves'
import { aRun, epochPoints } from '../fixtures/runs'

const columns = (y: number[], x = y.map((_, index) => index + 1)) => ({
  x: Float64Array.from(x),
  y: Float64Array.from(y)
})
const settings = { axis: 'epoch', smoothing: 0, logX: false } as const
const withSeed = (id: string, seed: number, changes: Parameters<typeof aRun>[0] = {}) => {
  const run = aRun({ id, name: id, ...changes })
  return { ...run, config: { ...run.config, seed } }
}

describe('names of metrics', () => {
  it('tells the measure from the images it was taken on', () => {
    const parts = [
      'validation_loss',
      'val/loss',
      'loss-train',
      'val_accuracy',
      'test.acc',
      'loss',
      'valve',
      'training time'
    ]
    expect(parts.map((name) => Object.values(metricParts(name)))).toEqual([
      ['loss', 'validation'],
      ['loss', 'validation'],
      ['loss', 'train'],
      ['accuracy', 'validation'],
      ['acc', 'test'],
      ['loss', null],
      ['valve', null],
      ['time', 'train']
    ])
  })

  it('puts what belongs together into one chart, validation drawn last', () => {
    const families = metricFamilies(['train_loss', 'learning_rate', 'validation_loss', 'val/mAP', 'mAP'])
    expect(families.map(({ title, members }) => [title, members.map(({ series }) => series)])).toEqual([
      ['Loss', ['train_loss', 'validation_loss']],
      ['Learning rate', ['learning_rate']],
      ['MAP', ['mAP', 'val/mAP']]
    ])
  })

  it('begins with the studio’s own, and leaves other programs’ names as they are', () => {
    const names = ['zeta', 'rss_bytes', 'Alpha', 'train_loss', 'validation_loss']
    expect([...names].sort(metricOrder)).toEqual(['validation_loss', 'train_loss', 'rss_bytes', 'Alpha', 'zeta'])
    expect(defaultMetrics(names)).toEqual(['validation_loss', 'train_loss'])
    expect(defaultMetrics(['b', 'a'])).toEqual(['a', 'b'])
    expect(['rss_bytes', 'epoch/loss:0'].map(metricTitle)).toEqual(['Memory', 'epoch/loss:0'])
  })
})

describe('seeds', () => {
  it('puts runs together that differ by their seed alone', () => {
    const runs = [withSeed('a', 1), withSeed('b', 2), withSeed('c', 3, { datasetHash: 'other' })]
    expect(haveSeeds(runs)).toBe(true)
    expect(lineSources(runs, true).map(({ label, runs: { length } }) => [label, length])).toEqual([
      ['2 × a', 2],
      ['c', 1]
    ])
    expect(lineSources(runs, false)).toHaveLength(3)
  })

  it('never puts imported runs together, whose settings are not ours', () => {
    const imported = { source: 'mlflow', origin: 'runs', settings: {} } as const
    expect(seedKey(aRun({ id: 'x', imported }))).not.toBe(seedKey(aRun({ id: 'y', imported })))
  })
})

describe('lines of a comparison', () => {
  const sources = lineSources([aRun({ id: 'a', color: 1 }), aRun({ id: 'b', color: 4 }), aRun({ id: 'c' })], false)
  const loss = columns([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.55])
  const curve = (runId: string, points = loss) => ({ runId, points, smoothed: null })
  const answer: CurveAnswer = {
    series: 'validation_loss',
    bounds: [1, 7],
    curves: [curve('a'), curve('b'), curve('c', columns([]))],
    groups: []
  }

  it('have colour, dash and marker of their run; a run without the series has none', () => {
    const lines = queryLines(sources, answer, false)
    expect(lines.map(({ id }) => id)).toEqual(['a', 'b'])
    for (const sign of ['color', 'dash'] as const) expect(lines[0]![sign]).not.toEqual(lines[1]![sign])
    expect(lines.every(({ marker }) => marker !== undefined)).toBe(true)
    expect(queryLines(sources, undefined, false)).toEqual([])
  })

  it('keep what was measured, faint, behind what is smoothed', () => {
    const smoothed = columns([1, 1, 1, 1, 1, 1, 1])
    const [line] = queryLines(sources, { ...answer, curves: [{ ...curve('a'), smoothed }] }, false)
    expect([line!.points, line!.faint]).toEqual([smoothed, loss])
  })

  it('are a mean with its band for runs of several seeds', () => {
    const group = lineSources([withSeed('a', 1), withSeed('b', 2)], true)
    const band = { x: loss.x, low: loss.y, high: loss.y }
    const [line] = queryLines(group, { ...answer, curves: [], groups: [{ runs: 2, mean: loss, band }] }, false)
    expect(line).toMatchObject({ id: 'a', label: '2 × a', band, points: loss })
  })

  it('have their best epoch ringed, where it is', () => {
    expect(bestRings(sources, answer, 'epoch', false).map(({ x, y }) => [x, y])).toEqual([
      [6, 0.5],
      [6, 0.5]
    ])
    const run = aRun({ best: { epoch: 6, validationLoss: 0.5, validationAccuracy: 0.8 } })
    expect(bestPlace(run, 'validation_loss', columns([0.9, 0.5], [10, 60]), 'step')).toEqual({ x: 60, y: 0.5 })
    expect(bestPlace(run, 'train_loss', loss, 'epoch')).toBeNull()
    expect(bestPlace(aRun({ best: null }), 'validation_loss', loss, 'epoch')).toBeNull()
  })
})

describe('lines of a run', () => {
  const metrics = bySeries([
    ...epochPoints('train_loss', [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2]),
    ...epochPoints('validation_loss', [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.55])
  ])
  const [family] = metricFamilies(['train_loss', 'validation_loss'])
  const pointsOf = (series: string) => streamedPoints(metrics, series, settings, null, 500)

  it('draw validation thicker than training, with a marker', () => {
    const [training, validation] = familyLines(aRun(), family!, pointsOf, false, '#888888')
    expect([training!.label, validation!.label]).toEqual(['Training', 'Validation'])
    expect(validation!.width).toBeGreaterThan(training!.width!)
    expect(validation!.marker).toBeDefined()
    expect(validation!.points.x).toHaveLength(7)
  })

  it('pin the best epoch', () => {
    expect(familyPins(aRun(), family!, pointsOf, 'epoch')).toEqual([{ x: 6, y: 0.5, label: 'best 0.500 · epoch 6' }])
  })

  it('are smoothed and cut down to the view while they stream', () => {
    const long = bySeries(
      epochPoints(
        'train_loss',
        Array.from({ length: 5000 }, (_, index) => (index === 777 ? 9 : 1))
      )
    )
    const { points, smoothed } = streamedPoints(long, 'train_loss', { ...settings, smoothing: 0.5 }, [500, 4000], 100)
    expect(points.x.length).toBeLessThanOrEqual(502)
    expect(Math.max(...points.y)).toBe(9)
    expect(Math.max(...smoothed!.y)).toBeLessThan(9)
    expect(streamedPoints({}, 'train_loss', settings, null, 100).points.x).toHaveLength(0)
  })
})
