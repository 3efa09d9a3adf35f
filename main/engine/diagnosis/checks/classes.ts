/** Labels against the head, how many pictures each class has, and how evenly they are spread. */
import { SPLITS } from '@shared/domain/dataset'
import type { TrainJob } from '@shared/worker-protocol/train'
import { found, passed, skipped, type Check, type CheckResult } from '../check'

/** Training pictures of a class: fewer say little of it, and the fewest that a head needs. */
const FEW = 20
const TOO_FEW = 10
/** Of all classes, the share that may be small before it is the dataset that is. */
const MOST_SMALL = 0.25
/** Times that the largest class may outnumber the smallest. */
const UNEVEN = 10
const VERY_UNEVEN = 30
/** Test pictures below which a score is hardly a score. */
const FEWEST_TESTED = 30

export const classesCheck: Check = {
  code: 'data/labels',
  phase: 'Counting labels',
  run: ({ train }) => [labels(train), fewest(train), balance(train)]
}

const countsOf = ({ images, classes }: TrainJob, split: 'train' | 'validation' | 'test'): number[] => {
  const counts = classes.map(() => 0)
  for (const image of images) if (image.split === split) counts[image.classIndex] = (counts[image.classIndex] ?? 0) + 1
  return counts
}

function labels(train: TrainJob): CheckResult {
  const { images, classes } = train
  const outside = images.filter(({ classIndex }) => classIndex < 0 || classIndex >= classes.length)
  if (outside.length > 0) {
    return found('data/labels', {
      severity: 'severe',
      weight: 90,
      title: `${outside.length} images have a label outside of the head's ${classes.length} classes.`,
      evidence: {
        text: `For example ${outside[0]!.path}, label ${outside[0]!.classIndex}.`,
        value: outside.length,
        expected: 0
      }
    })
  }
  const empty = SPLITS.flatMap((split) =>
    countsOf(train, split).flatMap((count, index) => (count === 0 ? [{ split, label: classes[index]! }] : []))
  )
  const untrained = empty.filter(({ split }) => split === 'train')
  if (empty.length > 0) {
    const { label, split } = untrained[0] ?? empty[0]!
    return found('data/labels', {
      severity: untrained.length > 0 ? 'severe' : 'info',
      weight: untrained.length > 0 ? 80 : 0.5,
      title: `'${label}' has no picture in the ${split} split.`,
      evidence: {
        text: `${empty.length} of ${SPLITS.length * classes.length} parts of the dataset are empty.`,
        value: empty.length,
        expected: 0
      }
    })
  }
  return passed(
    'data/labels',
    `${classes.length} labels, as many as the head has outputs; none is missing from a split.`
  )
}

function fewest(train: TrainJob): CheckResult {
  const counts = countsOf(train, 'train')
  const tested = countsOf(train, 'test').reduce((sum, count) => sum + count, 0)
  const smallest = Math.min(...counts)
  const median = [...counts].sort((a, b) => a - b)[Math.floor(counts.length / 2)] ?? 0
  const small = counts.filter((count) => count < TOO_FEW).length
  const scarce = small > MOST_SMALL * counts.length
  if (!scarce && median >= FEW && tested >= FEWEST_TESTED) {
    return passed(
      'data/too-few',
      `${smallest} training pictures in the smallest class, ${median} in the middle one; ${tested} to test on.`
    )
  }
  const total = counts.reduce((sum, count) => sum + count, 0)
  return found('data/too-few', {
    severity: scarce || median < TOO_FEW ? 'severe' : 'warning',
    weight: 12 + Math.max(0, TOO_FEW - median),
    title:
      median < FEW
        ? `There are few pictures to learn from: ${median} in the middle class, ${smallest} in the smallest.`
        : `There are only ${tested} pictures to test on.`,
    evidence: {
      text:
        `${total} training pictures of ${counts.length} classes, ${small} of them with fewer than ${TOO_FEW}; ${tested} to test on, ` +
        `whose accuracy is known to ±${Math.round(100 * 1.96 * Math.sqrt(0.25 / Math.max(1, tested)))} points.`,
      value: median,
      expected: FEW
    },
    repair: repairForFew(train)
  })
}

/** Less that learns, and more that holds it back; a head has that already. */
function repairForFew({
  config
}: TrainJob): { label: string; changes: Record<string, string | number | boolean> } | null {
  if (config.mode === 'finetune') return { label: 'Train the head only', changes: { mode: 'head' } }
  if (config.head.hiddenUnits > 0) return { label: 'Without the hidden layer', changes: { 'head.hiddenUnits': 0 } }
  return null
}

function balance(train: TrainJob): CheckResult {
  const counts = countsOf(train, 'train')
  const { classes, config } = train
  if (counts.length < 2) return skipped('data/imbalance', 'There is one class only.')
  const [smallest, largest] = [Math.min(...counts), Math.max(...counts)]
  const ratio = largest / Math.max(1, smallest)
  const weighed = config.balance.lossWeights !== 'none' || config.balance.sampling !== 'shuffle'
  const between = `'${classes[counts.indexOf(largest)]}' has ${largest} training pictures, '${classes[counts.indexOf(smallest)]}' ${smallest}`
  if (ratio < UNEVEN || weighed) {
    const how = weighed && ratio >= UNEVEN ? '; classes are weighed' : ''
    return passed('data/imbalance', `${between}: ${ratio.toFixed(1)} times as many${how}.`)
  }
  return found('data/imbalance', {
    severity: ratio >= VERY_UNEVEN ? 'warning' : 'info',
    weight: 1 + Math.min(ratio / 20, 8),
    title: `Classes differ much in size: ${between}.`,
    evidence: {
      text: `${ratio.toFixed(1)} times as many. Every picture counts alike, which serves overall accuracy; rare classes are then often missed.`,
      value: ratio,
      expected: UNEVEN
    },
    repair: { label: 'Weigh classes alike', changes: { 'balance.lossWeights': 'balanced' } }
  })
}
