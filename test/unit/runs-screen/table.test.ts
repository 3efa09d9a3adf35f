import { describe, expect, it } from 'vitest'
import { groupConditions, groupLines, groupTitle, measureText } from '../../../renderer/components/runs/group-lines'
import {
  covering,
  heldRows,
  knownRows,
  missing,
  NO_ROWS,
  PAGE,
  rowAt,
  withRows
} from '../../../renderer/components/runs/row-pages'
import { extendTo, toggleAll } from '../../../renderer/components/runs/selection'
import { tableKey } from '../../../renderer/components/runs/table-keys'
import { aRow, rowsOf } from './rows'

describe('rows by pages', () => {
  const all = rowsOf(250)
  const two = withRows(NO_ROWS, 0, all.slice(0, 200), 250)

  it('are found by their place, and asked for where they are missing', () => {
    expect(rowAt(two, 137)?.id).toBe('r137')
    expect(rowAt(two, 220)).toBeNull()
    expect(missing(two, 150, 190)).toBeNull()
    expect(missing(two, 190, 240)).toEqual({ offset: 200, limit: PAGE })
    expect(missing(two, 300, 400)).toBeNull()
    const whole = withRows(two, 200, all.slice(200), 250)
    expect(missing(whole, 0, 250)).toBeNull()
    expect(knownRows(whole).map(({ id }) => id)).toEqual(all.map(({ id }) => id))
    expect(covering(150, 230)).toEqual({ offset: 150, limit: 100 })
    expect(covering(0, 0)).toEqual({ offset: 0, limit: PAGE })
  })

  it('stay where they are while somebody is at work in them, with their new values', () => {
    const fresh = [aRow({ id: 'r1', name: 'climbed' }), aRow({ id: 'r0' }), ...all.slice(2, 200)]
    const { rows, moved } = heldRows(two, 0, fresh, 250)
    expect(moved).toBe(true)
    expect(rowAt(rows, 0)?.id).toBe('r0')
    expect(rowAt(rows, 1)?.name).toBe('climbed')
    expect(rows.total).toBe(250)
  })

  it('have moved when there are others, and not when only values changed', () => {
    expect(heldRows(two, 0, all.slice(0, 200), 250).moved).toBe(false)
    expect(heldRows(two, 0, all.slice(0, 200), 251).moved).toBe(true)
  })
})

describe('selection', () => {
  it('by Shift and an arrow grows and shrinks about its anchor, and keeps what was there before', () => {
    const before = new Set(['x'])
    expect([...extendTo(before, ['a', 'b', 'c'])].sort()).toEqual(['a', 'b', 'c', 'x'])
    expect([...extendTo(before, ['a'])].sort()).toEqual(['a', 'x'])
    expect([...before]).toEqual(['x'])
  })

  it('of a group takes all, unless it has all', () => {
    expect([...toggleAll(new Set(['a', 'z']), ['a', 'b'])].sort()).toEqual(['a', 'b', 'z'])
    expect([...toggleAll(new Set(['a', 'b', 'z']), ['a', 'b'])]).toEqual(['z'])
    expect(toggleAll(new Set(), []).size).toBe(0)
  })
})

describe('keys of the table', () => {
  const at = { active: 4, count: 10, page: 6 }
  const press = (key: string, keys: Partial<KeyboardEvent> = {}) =>
    tableKey({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...keys }, at)

  it('move within the table, and extend with Shift', () => {
    expect(press('ArrowDown')).toEqual({ type: 'move', to: 5, extend: false })
    expect(press('ArrowUp', { shiftKey: true })).toEqual({ type: 'move', to: 3, extend: true })
    expect(press('PageDown')).toEqual({ type: 'move', to: 9, extend: false })
    expect(press('PageUp')).toEqual({ type: 'move', to: 0, extend: false })
    expect(press('End')).toEqual({ type: 'move', to: 9, extend: false })
    expect(
      tableKey(
        { key: 'ArrowDown', shiftKey: false, ctrlKey: false, metaKey: false, altKey: false },
        { active: -1, count: 0, page: 1 }
      )
    ).toBeNull()
  })

  it('tick, open, act, and leave alone what belongs to the browser', () => {
    expect(press(' ', { shiftKey: true })).toEqual({ type: 'toggle', range: true })
    expect(press('Enter')).toEqual({ type: 'open' })
    expect(press('a', { ctrlKey: true })).toEqual({ type: 'all' })
    expect(press('s')).toEqual({ type: 'act', action: 'star' })
    expect(press('s', { ctrlKey: true })).toBeNull()
    expect(press('ArrowLeft', { altKey: true })).toBeNull()
    expect(press('x')).toBeNull()
  })
})

describe('groups', () => {
  const group = {
    values: { preset: 'default', seed: 3, device: null },
    count: 3,
    runIds: ['a', 'b', 'c'],
    measures: {}
  }

  it('are a line each, and beneath an open one its runs and how many more', () => {
    const key = JSON.stringify(group.values)
    expect(groupLines([group], new Set(), () => null).map(({ type }) => type)).toEqual(['group'])
    expect(groupLines([group], new Set([key]), () => null)).toMatchObject([
      { type: 'group', open: true },
      { type: 'run', row: null }
    ])
    expect(groupLines([group], new Set([key]), () => rowsOf(2))).toMatchObject([
      { type: 'group' },
      { type: 'run' },
      { type: 'run' },
      { type: 'more', count: 1 }
    ])
  })

  it('are found by what they share, and called by it', () => {
    expect(groupConditions(group)).toEqual(['preset = default', 'seed = 3', 'device = none'])
    expect(groupTitle(group.values)).toBe('Recommended · 3 · No device')
  })

  it('say mean ± standard deviation in one unit', () => {
    expect(measureText('test.accuracy', { mean: 0.931, deviation: 0.004 })).toBe('93.1 ± 0.4 %')
    expect(measureText('best.validation_loss', { mean: 0.5, deviation: 0.0123 })).toBe('0.500 ± 0.012')
    expect(measureText('test.accuracy', { mean: 0.931, deviation: null })).toBe('93.1 %')
  })
})
