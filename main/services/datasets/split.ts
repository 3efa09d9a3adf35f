/**
 * The stratified split into training, validation and test images. Images with the same content always stay together, since a
 * test image that was also trained on tests nothing. What was assigned before stays where it is, so that a growing dataset
 * keeps its test set; new images fill up what is missing.
 */
import { SPLITS, type Split } from '@shared/domain/dataset'
import { createRandom } from '@shared/random'

export interface SplitImage {
  path: string
  hash: string
  label: string
  /** Where it is already, or null for a new one. */
  split: Split | null
}

/** Share of each class that each split is to have; 0 for a split that is not drawn. */
export type Shares = Readonly<Record<Split, number>>

export const DEFAULT_SHARES: Shares = { train: 0.7, validation: 0.15, test: 0.15 }

/** All images of one content. */
interface Group {
  hash: string
  label: string
  size: number
  split: Split | null
}

type Counts = Record<Split, number>
const none = (): Counts => ({ train: 0, validation: 0, test: 0 })

/**
 * A class with one content goes to training; with two, to training and test; with three or more it is in every split.
 * The same images, seed and shares give the same answer, in whatever order the images come.
 *
 * @returns the split of each path.
 */
export function stratifiedSplit(
  images: readonly SplitImage[],
  seed: number,
  shares: Shares = DEFAULT_SHARES
): Map<string, Split> {
  const groups = groupByContent(images)
  const byLabel = new Map<string, Group[]>()
  for (const group of groups.values()) {
    const ofLabel = byLabel.get(group.label)
    if (ofLabel) ofLabel.push(group)
    else byLabel.set(group.label, [group])
  }
  for (const [label, ofLabel] of byLabel) assignClass(ofLabel, seed, streamOf(label), shares)
  return new Map(images.map(({ path, hash }) => [path, groups.get(hash)!.split!]))
}

/** A content under several labels counts for the one that most of its images have. */
function groupByContent(images: readonly SplitImage[]): Map<string, Group> {
  const members = new Map<string, SplitImage[]>()
  for (const image of images) {
    const others = members.get(image.hash)
    if (others) others.push(image)
    else members.set(image.hash, [image])
  }
  const groups = new Map<string, Group>()
  for (const [hash, same] of members) {
    const label = mostFrequent(same.map(({ label }) => label))!
    const before = same.flatMap(({ split }) => split ?? [])
    groups.set(hash, { hash, label, size: same.length, split: mostFrequent(before) })
  }
  return groups
}

/** Of equals the first in the order of their letters; null of none. */
function mostFrequent<T extends string>(values: readonly T[]): T | null {
  const counts = new Map<T, number>()
  for (const value of [...values].sort()) counts.set(value, (counts.get(value) ?? 0) + 1)
  let best: T | null = null
  for (const [value, count] of counts) if (best === null || count > counts.get(best)!) best = value
  return best
}

function assignClass(groups: Group[], seed: number, stream: number, shares: Shares): void {
  const required = requiredSplits(groups.length, shares)
  const sizes = none()
  const counts = none()
  const put = (group: Group, split: Split): void => {
    group.split = split
    sizes[split] += group.size
    counts[split]++
  }
  for (const group of groups) if (group.split) put(group, group.split)

  const images = groups.reduce((sum, { size }) => sum + size, 0)
  const targets = targetSizes(images, shares)
  const free = drawOrder(groups, seed, stream)
  free.forEach((group, index) => {
    const missing = required.filter((split) => counts[split] === 0)
    const left = free.length - index
    // The last ones are kept for the splits that would else have none.
    const open = left <= missing.length ? missing : SPLITS.filter((split) => shares[split] > 0)
    put(group, furthestBelow(open, targets, sizes))
  })
  if (counts.train === 0 && shares.train > 0) giveToTraining(groups, counts)
}

/** Random, but the large groups first: a large one that came last could only fall where it is too much. */
function drawOrder(groups: readonly Group[], seed: number, stream: number): Group[] {
  const free = groups.filter(({ split }) => split === null).sort((a, b) => (a.hash < b.hash ? -1 : 1))
  const shuffled = createRandom(seed, stream).shuffle<Group, Group[]>(free)
  return shuffled.sort((a, b) => b.size - a.size)
}

function requiredSplits(groupCount: number, shares: Shares): Split[] {
  const wanted: Split[] =
    groupCount === 1 ? ['train'] : groupCount === 2 ? ['train', 'test'] : ['train', 'test', 'validation']
  return wanted.filter((split) => shares[split] > 0)
}

/** Images that each split is to have; training takes what rounding leaves. */
function targetSizes(images: number, shares: Shares): Counts {
  const part = (split: Split): number => (shares[split] > 0 ? Math.max(1, Math.round(images * shares[split])) : 0)
  const validation = part('validation')
  const test = part('test')
  return { train: images - validation - test, validation, test }
}

function furthestBelow(open: readonly Split[], targets: Counts, sizes: Counts): Split {
  return open.reduce((best, split) => (targets[split] - sizes[split] > targets[best] - sizes[best] ? split : best))
}

/** A class that lost its training images since takes one from where it has most: without any it could not be learnt. */
function giveToTraining(groups: readonly Group[], counts: Counts): void {
  const from: Split = counts.validation >= counts.test ? 'validation' : 'test'
  const given = groups.filter(({ split }) => split === from).sort((a, b) => (a.hash < b.hash ? -1 : 1))[0]
  if (given) given.split = 'train'
}

/** Each class draws from a stream of its own, so that another class more or less changes nothing here (FNV-1a, 32 bits). */
function streamOf(label: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < label.length; index++) hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193)
  return hash
}
