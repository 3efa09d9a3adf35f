import { describe, expect, it } from 'vitest'
import {
  DEFAULT_COLUMNS,
  groupedWidth,
  isNumeric,
  largestFirst,
  moveColumn,
  NARROWEST,
  resizeColumn,
  shiftColumn,
  toggleColumn,
  valueKeys,
  WIDEST
} from '../../../renderer/components/runs/column-layout'
import { cellText, columnHint, columnLabel, numberText } from '../../../renderer/components/runs/column-text'
import { ariaSort, nextSort, sortSign } from '../../../renderer/components/runs/sorting'

const keys = (columns: { key: string }[]): string => columns.map(({ key }) => key).join('')
const abc = ['a', 'b', 'c'].map((key) => ({ key, width: 100 }))

describe('columns', () => {
  it('are shown at the end, hidden, moved before another, shifted by one', () => {
    expect(keys(toggleColumn(abc, 'd'))).toBe('abcd')
    expect(keys(toggleColumn(abc, 'b'))).toBe('ac')
    expect(keys(moveColumn(abc, 'c', 'a'))).toBe('cab')
    expect(keys(moveColumn(abc, 'a', null))).toBe('bca')
    expect(keys(moveColumn(abc, 'a', 'gone'))).toBe('abc')
    expect(keys(moveColumn(abc, 'b', 'b'))).toBe('abc')
    expect(keys(shiftColumn(abc, 'b', 1))).toBe('acb')
    expect(keys(shiftColumn(abc, 'a', -1))).toBe('abc')
  })

  it('keep a width that can still be taken hold of', () => {
    expect(resizeColumn(abc, 'b', -50)[1]!.width).toBe(NARROWEST)
    expect(resizeColumn(abc, 'b', 1e6)[1]!.width).toBe(WIDEST)
    expect(resizeColumn(abc, 'b', 140.4).map(({ width }) => width)).toEqual([100, 140, 100])
    expect(groupedWidth({ key: 'test.accuracy', width: 72 })).toBe(136)
    expect(groupedWidth({ key: 'preset', width: 72 })).toBe(72)
  })

  it('ask the core for no more than values', () => {
    expect(valueKeys(DEFAULT_COLUMNS)).not.toContain('spark')
    expect(valueKeys(DEFAULT_COLUMNS)).not.toContain('tags')
    expect(valueKeys(DEFAULT_COLUMNS)).toContain('test.accuracy')
  })

  it('have numbers at the right, told by the key until the core has said', () => {
    expect(isNumeric('best.validation_loss')).toBe(true)
    expect(isNumeric('preset')).toBe(false)
    expect(isNumeric('spark')).toBe(false)
    expect(isNumeric('best.x', { key: 'best.x', kind: 'text', group: 'metric', varies: true })).toBe(false)
  })

  it('are named as people name them, with the key on hover', () => {
    expect(columnLabel('head.learningRate')).toBe('Head · learning rate')
    expect(columnLabel('best.validation_loss')).toBe('Best val. loss')
    expect(columnLabel('last.metric_7')).toBe('Last metric_7')
    expect(columnLabel('best.epoch')).toBe('Best epoch')
    expect(columnLabel('imported.lr')).toBe('lr')
    expect(columnHint('atBest.train_loss')).toBe('At the epoch with the lowest validation loss (atBest.train_loss)')
  })

  it('write each quantity in its own way', () => {
    expect(cellText('test.accuracy', 0.9312)).toBe('93.1 %')
    // Another program's per cents are no shares.
    expect(cellText('best.accuracy', 93.12)).toBe('93.12')
    expect(cellText('best.validation_loss', 0.5)).toBe('0.500')
    expect(cellText('best.validation_loss', 0.000012)).toBe('1.2e-5')
    expect(cellText('seconds.total', 100)).toBe('1 min 40 s')
    expect(cellText('images', 12345)).toBe('12,345')
    expect(cellText('state', 'completed')).toBe('Done')
    expect(cellText('preset', 'naive')).toBe('Naive tutorial')
    expect(cellText('earlyStopping.enabled', true)).toBe('yes')
    expect(cellText('device', null)).toBe('–')
    expect(cellText('device', undefined)).toBe('–')
    expect(numberText('best.rss_bytes', 3_700_000)).toBe('3.7 MB')
  })
})

describe('sorting', () => {
  it('begins with the better end and turns around at the second click', () => {
    expect(largestFirst('test.accuracy')).toBe(true)
    expect(largestFirst('best.validation_loss')).toBe(false)
    expect(largestFirst('created')).toBe(true)
    expect(largestFirst('seconds.total')).toBe(false)
    const once = nextSort([], 'test.accuracy', true, false)
    expect(once).toEqual([{ key: 'test.accuracy', descending: true }])
    expect(nextSort(once, 'test.accuracy', true, false)).toEqual([{ key: 'test.accuracy', descending: false }])
  })

  it('with Shift takes a further key, turns it around, and leaves it out', () => {
    const first = [{ key: 'preset', descending: false }]
    const two = nextSort(first, 'test.accuracy', true, true)
    expect(two).toEqual([...first, { key: 'test.accuracy', descending: true }])
    const turned = nextSort(two, 'test.accuracy', true, true)
    expect(turned[1]).toEqual({ key: 'test.accuracy', descending: false })
    expect(nextSort(turned, 'test.accuracy', true, true)).toEqual(first)
    // Alone again, without Shift.
    expect(nextSort(two, 'preset', false, false)).toEqual([{ key: 'preset', descending: false }])
  })

  it('is said by a sign with its rank, and of the first key to whoever listens', () => {
    const two = nextSort([{ key: 'preset', descending: false }], 'test.accuracy', true, true)
    expect(sortSign(two, 'preset')).toBe('↑1')
    expect(sortSign(two, 'test.accuracy')).toBe('↓2')
    expect(sortSign(two.slice(0, 1), 'preset')).toBe('↑')
    expect(sortSign(two, 'name')).toBe('')
    expect(ariaSort(two, 'preset')).toBe('ascending')
    expect(ariaSort(two, 'test.accuracy')).toBe('none')
  })
})
