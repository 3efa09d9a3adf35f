import { expect, test } from 'vitest'
import type { DatasetClass, ImportReport } from '@shared/domain/dataset'
import type { Finding } from '@shared/domain/finding'
import { ERROR_HINTS } from '@shared/errors'
import { nextWithLetter, orderClasses, splitText, sumSplits } from '../../renderer/components/dataset/class-order'
import { filterOf, queryOf, refine } from '../../renderer/components/dataset/filter-query'
import { inOneLine, isShown, linkOf } from '../../renderer/components/dataset/finding-links'
import { filterRefused, groupRefused, reportText, withoutPath } from '../../renderer/components/dataset/report-text'
import { findDatasetFindings } from '../../main/services/datasets/findings'

const image = (path: string, hash: string, split: 'train' | 'validation' | 'test' = 'train') => ({
  path,
  hash,
  label: path.split('/')[0]!,
  split,
  width: 64,
  height: 64
})

test('what the import finds leads to its pictures or to the report', () => {
  const images = [
    ...Array.from({ length: 20 }, (_, i) => image(`roses/${i}.png`, `r${i}`, i < 2 ? 'validation' : 'train')),
    image('tulips/1.png', 't1'),
    image('tulips/same.png', 'r0')
  ]
  const links = Object.fromEntries(findDatasetFindings(images, 4).map((finding) => [finding.code, linkOf(finding)]))
  expect(links).toEqual({
    'dataset/empty-split': null,
    'dataset/class-too-small': { kind: 'filter', filter: { label: 'tulips' } },
    'dataset/imbalanced': { kind: 'filter', filter: { label: 'tulips' } },
    'dataset/conflicting-labels': { kind: 'filter', filter: { duplicatesOnly: true } },
    'dataset/split-leak': { kind: 'filter', filter: { duplicatesOnly: true } },
    'dataset/duplicates': { kind: 'filter', filter: { duplicatesOnly: true } },
    'dataset/refused': { kind: 'report' },
    'dataset/tiny-images': null
  })
})

test('a finding knows whether its pictures are shown', () => {
  const duplicates = linkOf({ code: 'dataset/duplicates' })
  expect(isShown(duplicates, { duplicatesOnly: true, split: 'test' })).toBe(true)
  expect(isShown(duplicates, { label: 'roses' })).toBe(false)
  const small = linkOf({ code: 'dataset/class-too-small', label: 'roses' })
  expect(isShown(small, { label: 'roses' })).toBe(true)
  expect(isShown(small, {})).toBe(false)
  expect(isShown(linkOf({ code: 'dataset/refused' }), {})).toBe(false)
  expect(isShown(null, {})).toBe(false)
})

test('many findings of one kind leave room for the others', () => {
  const small = (label: string): Finding => ({
    code: 'dataset/class-too-small',
    severity: 'warning',
    title: label,
    label
  })
  const refused: Finding = { code: 'dataset/refused', severity: 'warning', title: '3 files left out' }
  const { shown, more } = inOneLine([small('a'), small('b'), small('c'), refused], 3)
  expect(shown.map(({ title }) => title)).toEqual(['a', '3 files left out', 'b'])
  expect(more).toBe(1)
  expect(inOneLine([], 3)).toEqual({ shown: [], more: 0 })
})

test('a filter survives the address, and nonsense in the address does not survive', () => {
  for (const filter of [
    {},
    { label: 'r & d/ü', split: 'validation' as const, search: 'IMG 1', duplicatesOnly: true }
  ]) {
    const query = Object.fromEntries(new URLSearchParams(queryOf(filter)))
    expect(filterOf(query)).toEqual(filter)
  }
  expect(filterOf({ split: 'nonsense', label: ['a', 'b'], search: '', other: 'x' })).toEqual({})
  expect(refine({ label: 'a', split: 'test' }, { label: undefined, search: 'x' })).toEqual({
    split: 'test',
    search: 'x'
  })
})

const one = (name: string, train: number, validation: number, test: number): DatasetClass => ({
  index: 0,
  name,
  train,
  validation,
  test,
  total: train + validation + test
})

test('classes by name as people sort it, or the largest first', () => {
  const classes = [one('10', 1, 0, 0), one('9', 1, 0, 0), one('Bee', 5, 2, 1), one('ant', 3, 1, 1)]
  expect(orderClasses(classes, 'name').map(({ name }) => name)).toEqual(['9', '10', 'ant', 'Bee'])
  expect(orderClasses(classes, 'count').map(({ name }) => name)).toEqual(['Bee', 'ant', '9', '10'])
  expect(sumSplits(classes)).toEqual({ train: 10, validation: 3, test: 2, total: 15 })
  expect(splitText(one('x', 1200, 3, 4))).toBe('1,200 train, 3 validation, 4 test')
})

test('a letter leads to the next name that begins with it', () => {
  const names = ['All', 'ant', 'bee', 'beetle']
  expect(nextWithLetter(names, 'B', 0)).toBe(2)
  expect(nextWithLetter(names, 'b', 2)).toBe(3)
  expect(nextWithLetter(names, 'b', 3)).toBe(2)
  expect(nextWithLetter(names, 'z', 0)).toBe(-1)
})

test('refused files stand by what to do about them, and the text has every one of them', () => {
  const refused = [
    { path: 'a/1.jpg', code: 'image/empty-file' as const, message: "'a/1.jpg' holds no bytes." },
    { path: 'a/2.jpg', code: 'image/corrupt' as const, message: "'a/2.jpg' is cut short." },
    { path: 'b/3.jpg', code: 'image/corrupt' as const, message: 'The end is missing.' }
  ]
  expect(groupRefused(refused).map(({ hint, files }) => [hint, files.map(({ path }) => path)])).toEqual([
    [ERROR_HINTS['image/corrupt'], ['a/2.jpg', 'b/3.jpg']],
    [ERROR_HINTS['image/empty-file'], ['a/1.jpg']]
  ])
  expect(refused.map(withoutPath)).toEqual(['holds no bytes.', 'is cut short.', 'The end is missing.'])
  expect(filterRefused(refused, ' CUT ').map(({ path }) => path)).toEqual(['a/2.jpg'])
  expect(filterRefused(refused, '')).toHaveLength(3)
  const report: ImportReport = {
    datasetId: 'd',
    scanned: 1203,
    imported: 1200,
    added: 1200,
    changed: 0,
    removed: 0,
    unchanged: 0,
    ignored: 0,
    refused,
    findings: [{ code: 'dataset/duplicates', severity: 'info', title: '5 duplicates', evidence: 'Same content.' }],
    durationMs: 1300,
    finishedAt: 0
  }
  const text = reportText('flowers', report)
  expect(text).toContain('Import of flowers')
  expect(text).toContain('Files looked at: 1,203')
  expect(text).toContain('- 5 duplicates. Same content.')
  for (const { path } of refused) expect(text).toContain(path)
})
