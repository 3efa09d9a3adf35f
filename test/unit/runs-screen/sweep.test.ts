import { describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import { buildAxis, NONE } from '../../../renderer/components/sweep/axes'
import { nudge, passes, setBrush } from '../../../renderer/components/sweep/brushes'
import { growForest } from '../../../renderer/components/sweep/forest'
import { settingImportance, spearman } from '../../../renderer/components/sweep/importance'
import { nearestLine, sweepLines } from '../../../renderer/components/sweep/sweep-lines'
import { rowsOf } from './rows'

describe('axes', () => {
  it('draw rates in powers of ten, whole and with round ticks', () => {
    const axis = buildAxis(
      'head.learningRate',
      rowsOf(5, (index) => ({ 'head.learningRate': 10 ** (index - 5) }))
    )
    expect(axis.scale).toBe('log')
    expect(axis.ticks.map(({ text }) => text)).toEqual(['1.0e-5', '0.0001', '0.001', '0.01', '0.1'])
    expect(axis.place(1e-3)).toBeCloseTo(0.5)
    expect(axis.textAt(0.25)).toBe('0.0001')
    expect(
      buildAxis(
        'head.learningRate',
        rowsOf(5, (index) => ({ 'head.learningRate': 10 ** (index - 5) })),
        'linear'
      ).scale
    ).toBe('linear')
  })

  it('draw what is no number by its values, in their order, and what is missing below', () => {
    const names = ['bit', 'default', null]
    const axis = buildAxis(
      'preset',
      rowsOf(3, (index) => ({ preset: names[index]! }))
    )
    expect(axis).toMatchObject({ scale: 'category', someMissing: true, stops: [0, 1], canSwitch: false })
    expect(axis.place('default')).toBe(1)
    expect(axis.place(null)).toBe(NONE)
    expect(axis.place('unheard')).toBe(NONE)
    expect(axis.textAt(0.9)).toBe('Recommended')
  })

  it('put what never changes in the middle, and never divide by nothing', () => {
    const axis = buildAxis(
      'head.epochs',
      rowsOf(3, () => ({ 'head.epochs': 60 }))
    )
    expect(axis.place(60)).toBe(0.5)
    expect(axis.canSwitch).toBe(false)
    expect(axis.ticks).toHaveLength(1)
    expect(buildAxis('gone', rowsOf(2)).place(1)).toBe(NONE)
  })
})

describe('brushes', () => {
  const rows = rowsOf(11, (index) => ({ a: index, b: -index, c: index % 2 ? 'odd' : 'even' }))
  const axes = ['a', 'b', 'c'].map((key) => buildAxis(key, rows))

  it('let through what lies in all of them', () => {
    const brushes = setBrush(setBrush({}, 'a', 0.8, 0.2), 'c', 0.9, 1)
    expect(brushes['a']).toEqual({ low: 0.2, high: 0.8 })
    const inside = sweepLines(rows, axes, brushes).filter((line) => line.inside)
    expect(inside.map(({ row }) => row.id)).toEqual(['r3', 'r5', 'r7'])
    expect(passes({ unknown: { low: 0, high: 1 } }, { a: 0.5 })).toBe(false)
    expect(passes({}, {})).toBe(true)
  })

  it('are taken away by a click', () => {
    expect(setBrush({ a: { low: 0, high: 1 } }, 'a', 0.5, 0.501)).toEqual({})
  })

  it('go by keys from value to value, and never turn inside out', () => {
    const category = axes[2]!
    const one = nudge(category, undefined, 'low', 1)
    expect(passes({ c: one }, { c: category.place('odd') })).toBe(true)
    expect(passes({ c: one }, { c: category.place('even') })).toBe(false)
    let brush = { low: 0.5, high: 0.52 }
    for (let press = 0; press < 10; press++) brush = nudge(axes[0]!, brush, 'low', 1)
    expect(brush.low).toBeLessThan(brush.high)
    expect(nudge(axes[0]!, undefined, 'high', 1).high).toBe(1)
  })

  it('know the line under the pointer', () => {
    const lines = sweepLines(rows, axes, {})
    expect(nearestLine(lines, 0.05, 0.3, 0.05)?.row.id).toBe('r3')
    expect(nearestLine(lines, 0, 0.349, 0.02)).toBeNull()
  })
})

describe('which setting mattered', () => {
  const random = createRandom(7)
  const rows = rowsOf(300, (index) => {
    const rate = 10 ** (-4 + 3 * random.float())
    const preset = ['a', 'b', 'c'][random.int(3)]!
    const noise = random.normal()
    const result = 0.7 + 0.08 * Math.log10(rate) + (preset === 'b' ? 0.06 : 0) + 0.01 * noise
    return { rate, preset, nothing: random.float(), same: 1, name: `run ${String(index)}`, result }
  })
  const settings = ['nothing', 'same', 'name', 'preset', 'rate']
  const found = settingImportance(rows, settings, 'result')!

  it('is found in the order in which it was put there, with its direction', () => {
    expect(found.settings.map(({ key }) => key)).toEqual(['rate', 'preset', 'nothing'])
    const [rate, preset, nothing] = found.settings
    expect(rate!.correlation).toBeGreaterThan(0.7)
    expect(preset!.ends?.high).toBe('b')
    expect(preset!.correlation).toBeNull()
    expect(nothing!.share).toBeLessThan(0.03)
    expect(rate!.share).toBeGreaterThan(preset!.share)
    expect(found.explained).toBeGreaterThan(0.85)
    expect(found.runs).toBe(300)
  })

  it('is nothing where results are noise', () => {
    const noise = rowsOf(200, () => ({ a: random.float(), b: random.int(4), result: random.normal() }))
    expect(settingImportance(noise, ['a', 'b'], 'result')!.explained).toBeLessThan(0.1)
  })

  it('is not said of a few runs, nor of results that do not vary', () => {
    expect(settingImportance(rows.slice(0, 9), settings, 'result')).toBeNull()
    const flat = settingImportance(
      rowsOf(20, (index) => ({ a: index, result: 1 })),
      ['a'],
      'result'
    )!
    expect(flat.explained).toBe(0)
    expect(flat.settings[0]).toMatchObject({ share: 0, correlation: null })
  })

  it('counts a missing value as a value', () => {
    const half = rowsOf(100, (index) => ({ a: index % 2 ? 1 : null, result: index % 2 }))
    expect(settingImportance(half, ['a'], 'result')!.explained).toBeGreaterThan(0.95)
  })

  it('is the same each time', () => {
    expect(settingImportance(rows, settings, 'result')).toEqual(found)
  })

  it('splits one category from the rest', () => {
    const bins = Uint8Array.from({ length: 90 }, (_, index) => index % 3)
    const target = Array.from(bins, (bin) => (bin === 1 ? 1 : 0))
    expect(growForest([{ bins, count: 3, ordered: false }], target).explained).toBeGreaterThan(0.99)
  })
})

describe("Spearman's correlation", () => {
  it('is ±1 of whatever only rises or falls, and shares the ranks of ties', () => {
    expect(spearman([1, 10, 100, 1000], [1, 2, 3, 4])).toBeCloseTo(1)
    expect(spearman([1, 2, 3], [9, 4, 1])).toBeCloseTo(-1)
    // scipy.stats.spearmanr([1, 2, 2, 3], [1, 3, 2, 4]): 0.9486832980505138
    expect(spearman([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(0.9486832980505138, 12)
    expect(spearman([null, 1, 1, 1], [1, 2, 3, 4])).toBeNull()
  })
})
