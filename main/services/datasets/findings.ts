/** What is worth knowing about a dataset before anything is trained on it. */
import { SPLITS, type Split } from '@shared/domain/dataset'
import type { Finding } from '@shared/domain/finding'
import { formatCount } from '@shared/text/format'

export interface FindingImage {
  path: string
  hash: string
  label: string
  split: Split
  width: number
  height: number
}

/** Largest class to smallest, from which on it is said, and from which on it is a warning. */
const IMBALANCE_INFO = 3
const IMBALANCE_WARNING = 10
/** Images of a class under which it cannot be in every split. */
const SMALLEST_CLASS = 3
/** Below half of the 224 pixels that most backbones see, a picture is blown up to more than twice its size. */
const TINY_SIDE = 112
/** Share of tiny images from which on it is said. */
const TINY_SHARE = 0.1

/**
 * @param drawn splits that the folders lack, drawn from the training folder.
 * @returns the gravest first.
 */
export function findDatasetFindings(
  images: readonly FindingImage[],
  refusedCount: number,
  drawn: readonly Split[] = []
): Finding[] {
  const findings = [
    ...emptySplits(images),
    ...smallClasses(images),
    ...imbalance(images),
    ...duplicates(images),
    ...refused(refusedCount),
    ...drawnSplits(drawn),
    ...tiny(images)
  ]
  const gravity = ['severe', 'warning', 'info']
  return findings.sort((a, b) => gravity.indexOf(a.severity) - gravity.indexOf(b.severity))
}

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

function countBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}

function emptySplits(images: readonly FindingImage[]): Finding[] {
  const filled = new Set(images.map(({ split }) => split))
  return SPLITS.filter((split) => !filled.has(split)).map((split) => ({
    code: 'dataset/empty-split',
    severity: 'severe',
    title: `No image is left for ${split === 'train' ? 'training' : split}`,
    evidence: 'Training, validation and test each need at least one image.'
  }))
}

function smallClasses(images: readonly FindingImage[]): Finding[] {
  // Copies of one picture cannot be in different splits, so that they count once.
  const contents = countBy(
    [...new Map(images.map((image) => [image.label + '\0' + image.hash, image])).values()],
    ({ label }) => label
  )
  return [...contents]
    .filter(([, count]) => count < SMALLEST_CLASS)
    .map(([label, count]) => ({
      code: 'dataset/class-too-small',
      severity: 'warning',
      title: `'${label}' has only ${plural(count, 'different image')}`,
      evidence:
        count === 1
          ? 'It is for training; nothing is left to test this class on.'
          : 'Nothing is left to validate this class on.',
      count,
      label
    }))
}

function imbalance(images: readonly FindingImage[]): Finding[] {
  const classes = [...countBy(images, ({ label }) => label)].sort((a, b) => a[1] - b[1])
  const [smallest, largest] = [classes[0], classes.at(-1)]
  if (!smallest || !largest) return []
  const ratio = largest[1] / smallest[1]
  if (ratio <= IMBALANCE_INFO) return []
  return [
    {
      code: 'dataset/imbalanced',
      severity: ratio > IMBALANCE_WARNING ? 'warning' : 'info',
      title: `Imbalance 1 : ${Math.round(ratio)}`,
      evidence: `'${smallest[0]}' has ${plural(smallest[1], 'image')}, '${largest[0]}' ${formatCount(largest[1])}.`,
      label: smallest[0]
    }
  ]
}

function duplicates(images: readonly FindingImage[]): Finding[] {
  const byContent = new Map<string, FindingImage[]>()
  for (const image of images) {
    const same = byContent.get(image.hash)
    if (same) same.push(image)
    else byContent.set(image.hash, [image])
  }
  const groups = [...byContent.values()].filter((group) => group.length > 1)
  const copies = groups.reduce((sum, group) => sum + group.length - 1, 0)
  const contradictory = groups.filter((group) => new Set(group.map(({ label }) => label)).size > 1)
  const straddling = groups.filter((group) => new Set(group.map(({ split }) => split)).size > 1)
  const findings: Finding[] = []
  if (contradictory.length > 0) {
    const [first, second] = contradictory[0]!
    findings.push({
      code: 'dataset/conflicting-labels',
      severity: 'warning',
      title: `${plural(contradictory.length, 'picture')} under more than one label`,
      evidence: `For example '${first!.path}' and '${second!.path}'.`,
      count: contradictory.length
    })
  }
  if (straddling.length > 0) {
    findings.push({
      code: 'dataset/split-leak',
      severity: 'warning',
      title: `${plural(straddling.length, 'picture')} in more than one split`,
      evidence: 'The folders put the same picture into training and into what tests it; the scores flatter.',
      count: straddling.length
    })
  }
  if (copies > 0) {
    const evidence = 'Files with the same content. They stay in one split.'
    findings.push({
      code: 'dataset/duplicates',
      severity: 'info',
      title: plural(copies, 'duplicate'),
      ...(straddling.length === 0 && { evidence }),
      count: copies
    })
  }
  return findings
}

function refused(count: number): Finding[] {
  return count === 0
    ? []
    : [{ code: 'dataset/refused', severity: 'warning', title: `${plural(count, 'file')} left out`, count }]
}

function drawnSplits(drawn: readonly Split[]): Finding[] {
  if (drawn.length === 0) return []
  const title = `${drawn.join(' and ')} drawn from the training folder`
  return [{ code: 'dataset/split-drawn', severity: 'info', title: title[0]!.toUpperCase() + title.slice(1) }]
}

function tiny(images: readonly FindingImage[]): Finding[] {
  const count = images.filter(({ width, height }) => Math.min(width, height) < TINY_SIDE).length
  if (count === 0 || count < images.length * TINY_SHARE) return []
  return [
    {
      code: 'dataset/tiny-images',
      severity: 'info',
      title: `${plural(count, 'small image')}`,
      evidence: `Under ${TINY_SIDE} pixels on their short side; most backbones see 224 or more.`,
      count
    }
  ]
}
