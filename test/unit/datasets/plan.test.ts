import { describe, expect, it } from 'vitest'
import type { Split } from '@shared/domain/dataset'
import { findDatasetFindings, type FindingImage } from '../../../main/services/datasets/findings'
import { assignSplits, type AssignOptions, type ScannedImage } from '../../../main/services/datasets/assign'
import { contentHash, planImport } from '../../../main/services/datasets/plan'

const scanned = (path: string, changes: Partial<ScannedImage> = {}): ScannedImage => ({
  path,
  label: path.split('/').at(-2) ?? '',
  split: null,
  hash: `content of ${path}`,
  width: 300,
  height: 300,
  bytes: 10,
  format: 'png',
  mtimeMs: 1,
  state: 'added',
  ...changes
})
const many = (prefix: string, count: number, changes: Partial<ScannedImage> = {}): ScannedImage[] =>
  Array.from({ length: count }, (_, index) => scanned(`${prefix}/${index}.png`, changes))

const first: AssignOptions = { seed: 1, known: [], source: null }
const counts = (splits: Map<string, Split>): Record<string, number> => {
  const result: Record<string, number> = {}
  for (const split of splits.values()) result[split] = (result[split] ?? 0) + 1
  return result
}

describe('who decides the split', () => {
  it('a draw, where the folders say nothing', () => {
    const { splits, source, drawn } = assignSplits([...many('cat', 20), ...many('dog', 20)], first)
    expect({ source, drawn, counts: counts(splits) }).toEqual({
      source: 'stratified',
      drawn: [],
      counts: { train: 28, validation: 6, test: 6 }
    })
  })

  it('the folders, and a draw from the training folder for what they lack', () => {
    const images = [...many('train/cat', 20, { split: 'train' }), ...many('val/cat', 5, { split: 'validation' })]
    const { splits, source, drawn } = assignSplits(images, first)
    expect({ source, drawn, counts: counts(splits) }).toEqual({
      source: 'folders',
      drawn: ['test'],
      counts: { train: 17, validation: 5, test: 3 }
    })
    for (const { path } of images.slice(20)) expect(splits.get(path)).toBe('validation')
    // Looked at again, what was drawn stays drawn.
    const known = images.map(({ path, hash }) => ({ path, hash, split: splits.get(path)! }))
    const grown = [...images, ...many('train/dog', 20, { split: 'train' })]
    const again = assignSplits(grown, { seed: 1, known, source: 'folders' })
    for (const { path } of images) expect(again.splits.get(path)).toBe(splits.get(path))
  })

  it('a draw, when there is a training folder only', () => {
    const { source, splits } = assignSplits(many('train/cat', 20, { split: 'train' }), first)
    expect([source, counts(splits)]).toEqual(['stratified', { train: 14, validation: 3, test: 3 }])
  })

  it('the draw before, also for a file that was renamed or edited', () => {
    const images = many('cat', 20)
    const before = assignSplits(images, first).splits
    const known = images.map(({ path, hash }) => ({ path, hash, split: before.get(path)! }))
    const moved = images.map((image, index) =>
      index % 2 ? { ...image, path: `cat/renamed ${index}.png` } : { ...image, hash: `edited ${index}` }
    )
    const after = assignSplits(moved, { seed: 99, known, source: 'stratified' }).splits
    images.forEach((image, index) => expect(after.get(moved[index]!.path)).toBe(before.get(image.path)))
  })

  it('a draw that was asked for, against the folders', () => {
    const images = [...many('train/cat', 5, { split: 'train' }), ...many('test/cat', 5, { split: 'test' })]
    const known = images.map(({ path, hash }) => ({ path, hash, split: 'train' as const }))
    expect(assignSplits(images, { seed: 1, known, source: 'stratified' }).source).toBe('stratified')
    expect(assignSplits(images, { seed: 1, known: [], source: 'stratified' }).source).toBe('folders')
  })
})

describe('findings', () => {
  const found = (path: string, changes: Partial<FindingImage> = {}): FindingImage => ({
    path,
    label: path.split('/')[0]!,
    hash: path,
    split: 'train',
    width: 300,
    height: 300,
    ...changes
  })
  const some = (label: string, count: number, changes: Partial<FindingImage> = {}): FindingImage[] =>
    Array.from({ length: count }, (_, index) =>
      found(`${label}/${index}`, { split: (['train', 'validation', 'test'] as const)[index % 3]!, ...changes })
    )
  const codes = (images: FindingImage[], refused = 0): string[] =>
    findDatasetFindings(images, refused).map(({ code, severity }) => `${severity} ${code}`)

  it('are none for an even, clean dataset', () => expect(codes([...some('a', 30), ...some('b', 20)])).toEqual([]))

  it('name imbalance by its ratio', () => {
    expect(codes([...some('a', 31), ...some('b', 10)])).toEqual(['info dataset/imbalanced'])
    const findings = findDatasetFindings([...some('a', 90), ...some('b', 8)], 0)
    expect(findings).toEqual([
      {
        code: 'dataset/imbalanced',
        severity: 'warning',
        title: 'Imbalance 1 : 11',
        evidence: "'b' has 8 images, 'a' 90.",
        label: 'b'
      }
    ])
  })

  it('name duplicates, those with two labels and those in two splits', () => {
    const copies = some('a', 3, { hash: 'same', split: 'train' })
    expect(findDatasetFindings([...some('b', 9), ...some('a', 9).slice(3), ...copies], 0)).toMatchObject([
      { code: 'dataset/duplicates', severity: 'info', count: 2 }
    ])
    expect(
      codes([...some('a', 9), ...some('b', 9), found('a/x', { hash: 'same' }), found('b/x', { hash: 'same' })])
    ).toEqual(['warning dataset/conflicting-labels', 'info dataset/duplicates'])
    const leak = [found('a/x', { hash: 'same' }), found('a/y', { hash: 'same', split: 'test' })]
    expect(codes([...some('a', 9), ...some('b', 9), ...leak])).toEqual([
      'warning dataset/split-leak',
      'info dataset/duplicates'
    ])
  })

  it('name classes that are too small, by different images', () => {
    const copies = some('b', 3, { hash: 'same', split: 'train' })
    const findings = findDatasetFindings([...some('a', 6), ...copies, found('c/1'), found('c/2')], 0)
    expect(findings.filter(({ code }) => code === 'dataset/class-too-small')).toMatchObject([
      { label: 'b', count: 1, title: "'b' has only 1 different image" },
      { label: 'c', count: 2 }
    ])
  })

  it('name empty splits, refused files and tiny images, the gravest first', () => {
    const images = some('a', 9, { split: 'train', height: 28 })
    expect(codes(images, 4)).toEqual([
      'severe dataset/empty-split',
      'severe dataset/empty-split',
      'warning dataset/refused',
      'info dataset/tiny-images'
    ])
  })
})

describe('a plan', () => {
  const dataset = {
    id: 'd',
    root: '/pets',
    state: 'importing' as const,
    splitSeed: 1,
    splitSource: 'stratified' as const
  }
  const context = { dataset, known: [], durationMs: 5, finishedAt: 9 }
  const scan = (images: ScannedImage[], refused: { path: string; code: string; message: string }[] = []) => ({
    images,
    refused,
    scanned: images.length + refused.length + 2,
    ignored: 2
  })
  const refusal = (code: string) => ({ path: 'x.png', code, message: 'no' })

  it('counts what was added, changed and removed', () => {
    const images = [
      ...many('cat', 3, { state: 'unchanged' }),
      ...many('dog', 2),
      scanned('dog/edited.png', { state: 'changed' })
    ]
    const known = [...images.slice(0, 3), scanned('dog/edited.png'), scanned('dog/gone.png')].map(({ path, hash }) => ({
      path,
      hash,
      split: 'train' as const
    }))
    const plan = planImport(scan(images, [refusal('image/corrupt')]), { ...context, known })
    expect(plan.report).toMatchObject({
      added: 2,
      changed: 1,
      unchanged: 3,
      removed: 1,
      imported: 6,
      scanned: 9,
      ignored: 2
    })
    expect(plan.classes).toEqual(['cat', 'dog'])
    expect(plan.images.every((image) => !('state' in image))).toBe(true)
  })

  it.each([
    ['dataset/empty', [], []],
    ['dataset/empty', [], [refusal('image/corrupt')]],
    ['dataset/no-labels', [], [refusal('image/unlabelled')]],
    ['dataset/one-class', many('cat', 5), []]
  ])('is refused with %s', (code, images, refused) => {
    expect(() => planImport(scan(images, refused), context)).toThrow(expect.objectContaining({ code }))
  })

  it('has a content hash that tells every difference and no order', () => {
    const images = [...many('cat', 2), ...many('dog', 2)].map((image) => ({ ...image, split: 'train' as Split }))
    const [head, ...rest] = images
    const hash = contentHash(images)
    expect(contentHash([...images].reverse())).toBe(hash)
    for (const change of [{ path: 'cat/x.png' }, { hash: 'x' }, { label: 'x' }, { split: 'test' as Split }]) {
      expect(contentHash([{ ...head!, ...change }, ...rest])).not.toBe(hash)
    }
  })
})
