import { describe, expect, it } from 'vitest'
import { SPLITS, type Split } from '@shared/domain/dataset'
import { createRandom, type Random } from '@shared/random'
import { stratifiedSplit, type SplitImage } from '../../../main/services/datasets/split'

const image = (path: string, label: string, hash = path, split: Split | null = null): SplitImage => ({
  path,
  hash,
  label,
  split
})

/** Classes of random sizes; about one image in ten has the content of another, now and then of another class. */
function randomImages(random: Random): SplitImage[] {
  const images: SplitImage[] = []
  const classes = 1 + random.int(8)
  for (let label = 0; label < classes; label++) {
    const size = 1 + random.int(random.int(4) === 0 ? 200 : 12)
    for (let index = 0; index < size; index++) {
      const copied = images.length > 0 && random.int(10) === 0 ? images[random.int(images.length)]!.hash : null
      const path = `${label}/${index}`
      images.push(image(path, String(label), copied ?? `content of ${path}`))
    }
  }
  return images
}

const contentsOf = (images: readonly SplitImage[]): Map<string, SplitImage[]> => {
  const groups = new Map<string, SplitImage[]>()
  for (const one of images) groups.set(one.hash, [...(groups.get(one.hash) ?? []), one])
  return groups
}

describe('the stratified split, over 300 random datasets', () => {
  const random = createRandom(42)
  const datasets = Array.from({ length: 300 }, () => randomImages(random))

  it('gives every image one split, the same whatever the order', () => {
    for (const images of datasets) {
      const splits = stratifiedSplit(images, 7)
      expect([...splits.keys()].sort()).toEqual(images.map(({ path }) => path).sort())
      const shuffled = random.shuffle<SplitImage, SplitImage[]>([...images])
      expect([...stratifiedSplit(shuffled, 7)].sort()).toEqual([...splits].sort())
    }
  })

  it('never parts images of the same content', () => {
    for (const images of datasets) {
      const splits = stratifiedSplit(images, 7)
      for (const same of contentsOf(images).values()) {
        expect(new Set(same.map(({ path }) => splits.get(path))).size).toBe(1)
      }
    }
  })

  it('puts classes of three contents or more into every split, and always into training', () => {
    for (const images of datasets.map((some) => some.filter(({ hash, path }) => hash === `content of ${path}`))) {
      const splits = stratifiedSplit(images, 7)
      for (const label of new Set(images.map((one) => one.label))) {
        const own = images.filter((one) => one.label === label)
        const used = new Set(own.map(({ path }) => splits.get(path)))
        if (own.length === 1) expect([...used]).toEqual(['train'])
        else if (own.length === 2) expect(used).toEqual(new Set(['train', 'test']))
        else expect(used).toEqual(new Set(SPLITS))
      }
    }
  })

  it('comes within one image of 70/15/15 in every class without copies', () => {
    for (const images of datasets.map((some) => some.filter(({ hash, path }) => hash === `content of ${path}`))) {
      const splits = stratifiedSplit(images, 7)
      for (const label of new Set(images.map((one) => one.label))) {
        const own = images.filter((one) => one.label === label)
        if (own.length < 3) continue
        const share = (split: Split): number => own.filter(({ path }) => splits.get(path) === split).length
        for (const split of ['validation', 'test'] as const) {
          expect(Math.abs(share(split) - Math.max(1, own.length * 0.15))).toBeLessThanOrEqual(0.5)
        }
      }
    }
  })

  it('keeps what was assigned when images come and go', () => {
    for (const images of datasets.map((some) => some.filter(({ hash, path }) => hash === `content of ${path}`))) {
      const first = images.filter(() => random.int(3) > 0)
      const before = stratifiedSplit(first, 7)
      const left = images.filter(({ path }) => !before.has(path) || random.int(5) > 0)
      const after = stratifiedSplit(
        left.map((one) => ({ ...one, split: before.get(one.path) ?? null })),
        7
      )
      for (const label of new Set(left.map((one) => one.label))) {
        const own = left.filter((one) => one.label === label)
        expect(own.some(({ path }) => after.get(path) === 'train')).toBe(true)
        const moved = own.filter(({ path }) => before.has(path) && before.get(path) !== after.get(path))
        // One may move, into the training of a class that has no other image there.
        if (moved.length === 0) continue
        const trained = own.filter(({ path }) => after.get(path) === 'train')
        expect(moved.map(({ path }) => path)).toEqual(trained.map(({ path }) => path))
      }
    }
  })

  it('differs from seed to seed, and one class does not change another', () => {
    const cats = Array.from({ length: 40 }, (_, index) => image(`cat/${index}`, 'cat'))
    const dogs = Array.from({ length: 40 }, (_, index) => image(`dog/${index}`, 'dog'))
    const alone = stratifiedSplit(cats, 1)
    const together = stratifiedSplit([...dogs, ...cats], 1)
    for (const [path, split] of alone) expect(together.get(path)).toBe(split)
    expect([...stratifiedSplit(cats, 2)]).not.toEqual([...alone])
    const testOf = (label: string): string[] =>
      [...together].filter(([path, split]) => path.startsWith(label) && split === 'test').map(([path]) => path.slice(4))
    expect(testOf('cat')).not.toEqual(testOf('dog'))
  })
})

it('keeps a large group of copies out of the small splits', () => {
  const images = [
    ...Array.from({ length: 20 }, (_, index) => image(`a/${index}`, 'a', 'one content')),
    image('a/x', 'a'),
    image('a/y', 'a')
  ]
  const splits = stratifiedSplit(images, 3)
  expect(splits.get('a/0')).toBe('train')
  expect(new Set([splits.get('a/x'), splits.get('a/y')])).toEqual(new Set(['validation', 'test']))
})

it('gives a class that lost its training images one from where it has most', () => {
  const images = [
    image('a/1', 'a', '1', 'test'),
    image('a/2', 'a', '2', 'validation'),
    image('a/3', 'a', '3', 'validation')
  ]
  expect(Object.fromEntries(stratifiedSplit(images, 1))).toEqual({ 'a/1': 'test', 'a/2': 'train', 'a/3': 'validation' })
})

it('draws only what is asked for', () => {
  const images = Array.from({ length: 100 }, (_, index) => image(`a/${index}`, 'a'))
  const splits = [...stratifiedSplit(images, 1, { train: 0.85, validation: 0.15, test: 0 }).values()]
  expect(splits.filter((split) => split === 'validation')).toHaveLength(15)
  expect(splits.filter((split) => split === 'test')).toHaveLength(0)
})
