import { describe, expect, it } from 'vitest'
import { COLUMNS, filterRuns, runSeconds, sortRuns } from '../../renderer/components/runs/runs-table'
import { toggleRow } from '../../renderer/components/runs/selection'
import { virtualRange } from '../../renderer/components/runs/use-virtual-rows'
import { formatWhen } from '../../renderer/components/runs/when'
import { presetConfig } from '@shared/domain/presets'
import { aRun } from '../fixtures/runs'

const ids = (runs: { id: string }[]): string[] => runs.map(({ id }) => id)

describe('sorting runs', () => {
  const runs = [
    aRun({ id: 'a', name: 'run 10', test: { accuracy: 0.5, loss: 1, macroF1: 0.5, count: 10 } }),
    aRun({ id: 'b', name: 'run 9', test: null }),
    aRun({ id: 'c', name: 'Run 1', test: { accuracy: 0.9, loss: 1, macroF1: 0.9, count: 10 } })
  ]

  it('reads numbers in names', () => {
    expect(ids(sortRuns(runs, { column: 'name', descending: false }))).toEqual(['c', 'b', 'a'])
  })

  it('puts rows without a value last in either direction', () => {
    expect(ids(sortRuns(runs, { column: 'test', descending: true }))).toEqual(['c', 'a', 'b'])
    expect(ids(sortRuns(runs, { column: 'test', descending: false }))).toEqual(['a', 'c', 'b'])
  })

  it('keeps the order of equal rows and leaves the list itself alone', () => {
    const before = ids(runs)
    expect(ids(sortRuns(runs, { column: 'dataset', descending: true }))).toEqual(['a', 'b', 'c'])
    expect(ids(runs)).toEqual(before)
  })

  it('sorts by every column', () => {
    for (const { id } of COLUMNS) {
      expect(ids(sortRuns(runs, { column: id, descending: false })).sort()).toEqual(['a', 'b', 'c'])
    }
  })

  it('sorts a thousand runs in well under a frame or two', () => {
    const many = Array.from({ length: 1000 }, (_, index) =>
      aRun({ id: `r${index}`, name: `run ${(index * 7919) % 1000}` })
    )
    const start = performance.now()
    const sorted = sortRuns(filterRuns(many, 'run'), { column: 'name', descending: false })
    expect(performance.now() - start).toBeLessThan(100)
    expect(sorted[0]!.name).toBe('run 0')
    expect(sorted.at(-1)!.name).toBe('run 999')
  })
})

describe('filtering runs', () => {
  const runs = [
    aRun({ id: 'a', name: 'baseline', state: 'failed' }),
    aRun({ id: 'b', name: 'tuned', config: presetConfig('naive', 'finetune') })
  ]

  it('wants every word, in any column, whatever its case', () => {
    expect(ids(filterRuns(runs, 'FLOWERS failed'))).toEqual(['a'])
    expect(ids(filterRuns(runs, 'naive fine-tune'))).toEqual(['b'])
    expect(ids(filterRuns(runs, 'flowers nothing'))).toEqual([])
    expect(ids(filterRuns(runs, '  '))).toEqual(['a', 'b'])
  })
})

describe('selecting runs', () => {
  const order = ['a', 'b', 'c', 'd', 'e']

  it('toggles one row', () => {
    const one = toggleRow({ order, selected: new Set(), anchor: null }, 'b', false)
    expect([...one]).toEqual(['b'])
    expect([...toggleRow({ order, selected: one, anchor: 'b' }, 'b', false)]).toEqual([])
  })

  it('with Shift takes all between, in either direction, and keeps the rest', () => {
    const selected = new Set(['e', 'd'])
    expect([...toggleRow({ order, selected: new Set(['a', 'e']), anchor: 'a' }, 'c', true)].sort()).toEqual([
      'a',
      'b',
      'c',
      'e'
    ])
    expect([...toggleRow({ order, selected, anchor: 'd' }, 'b', true)].sort()).toEqual(['b', 'c', 'd', 'e'])
    expect(selected.size).toBe(2)
  })

  it('with Shift on a ticked row clears all between', () => {
    expect([...toggleRow({ order, selected: new Set(order), anchor: 'b' }, 'd', true)]).toEqual(['a', 'e'])
  })

  it('without an anchor in the table takes the row alone', () => {
    expect([...toggleRow({ order, selected: new Set(), anchor: 'gone' }, 'c', true)]).toEqual(['c'])
  })
})

describe('rows in view', () => {
  it('draws a screenful of a thousand, and their heights add up', () => {
    for (const top of [0, 360, 18_000, 35_500, 99_999]) {
      const { from, to, before, after } = virtualRange(1000, 36, top, 700)
      expect(to - from).toBeLessThan(45)
      expect(before + (to - from) * 36 + after).toBe(36_000)
    }
  })

  it('covers the view', () => {
    const { from, to } = virtualRange(1000, 36, 18_010, 700)
    expect(from * 36).toBeLessThan(18_010)
    expect(to * 36).toBeGreaterThan(18_710)
    expect(virtualRange(0, 36, 0, 700)).toEqual({ from: 0, to: 0, before: 0, after: 0 })
  })
})

describe('times', () => {
  it('counts a live run to now, an ended one to its end', () => {
    expect(runSeconds(aRun())).toBe(3)
    expect(runSeconds(aRun({ seconds: null, endedAt: null }), 11_000)).toBe(10)
    expect(runSeconds(aRun({ seconds: null, startedAt: null }))).toBeNull()
  })

  it('says when, as people do', () => {
    const now = new Date(2026, 4, 20, 12, 0).getTime()
    expect(formatWhen(now - 5_000, now)).toBe('just now')
    expect(formatWhen(now - 5 * 60_000, now)).toBe('5 min ago')
    expect(formatWhen(now - 3 * 3_600_000, now)).toBe('3 h ago')
    expect(formatWhen(new Date(2026, 2, 12, 14, 5).getTime(), now)).toBe('12 Mar, 14:05')
    expect(formatWhen(new Date(2025, 11, 1, 9, 0).getTime(), now)).toBe('1 Dec 2025')
  })
})
