/** The loss has stopped falling far above what it could come to. */
import type { Repair } from '@shared/domain/finding'
import type { Detector } from './detector'
import { excess, knows, rounded, settingsOf, shown, shownLoss, type Recent } from './recent'

/** Epochs whose mean is held against that of as many before. */
const WINDOW = 3
/** Share by which it has to fall from the one to the other to be falling. */
const FALLS = 0.005
const FALLS_AGAIN = 0.02
/** Of the way from guessing to the floor: above this there is something left to learn. */
const HIGH = 0.5
/** From here on nothing has been learned; up to there the loss is a guess's. */
const NOTHING_LEARNED = 0.9
const GUESSING = 1.1
/** Of the peak rate, below which nothing can be expected to move. */
const COOLED = 0.1

export const plateau: Detector = (recent, standing) => {
  const { config, epochs, probes } = recent
  if (recent.phase === 'finetune' && (config.fineTune.mixup > 0 || config.fineTune.cutmix > 0)) return null
  if (epochs.length < 2 * WINDOW || (probes.at(-1)?.rateShare ?? 0) < COOLED) return null
  const losses = epochs.slice(-2 * WINDOW).map(({ trainLoss }) => trainLoss)
  if (losses.some((loss) => loss === null)) return null
  const [before, now] = [mean(losses.slice(0, WINDOW) as number[]), mean(losses.slice(WINDOW) as number[])]
  const fell = 1 - now / before
  if (fell > (standing ? FALLS_AGAIN : FALLS) || fell < -0.2) return null
  const left = excess(recent, now)
  if (left < HIGH || improvedLately(recent)) return null
  return {
    code: 'training/plateau',
    severity: 'warning',
    title: titleOf(recent, left),
    evidence: `Training loss ${shownLoss(before)} → ${shownLoss(now)} over the last ${2 * WINDOW} epochs; guessing gives ${Math.log(recent.classes).toFixed(2)}.${ofAccuracy(recent)}`,
    ...whatToDo(recent, left)
  }
}

/** A high loss does not mean that nothing is right: a few mistakes that it is sure of make it as well. */
function titleOf(recent: Recent, left: number): string {
  if (left <= NOTHING_LEARNED) return 'Its loss does not fall any more.'
  if (knows(recent.epochs.at(-1)!.trainAccuracy ?? 0, recent.classes))
    return 'Its loss stays high: what it gets wrong, it is sure of.'
  return left <= GUESSING
    ? 'It does not learn: its loss stays where guessing is.'
    : 'It does not learn: its loss stays above what guessing gives.'
}

function ofAccuracy({ epochs }: Recent): string {
  const { trainAccuracy } = epochs.at(-1)!
  return trainAccuracy === null ? '' : ` ${Math.round(100 * trainAccuracy)} % of the training images are right.`
}

function improvedLately({ epochs }: Recent): boolean {
  const lowest = (from: Recent['epochs']): number => Math.min(...from.map(({ validationLoss }) => validationLoss))
  return lowest(epochs.slice(-WINDOW)) < lowest(epochs.slice(0, -WINDOW)) * (1 - FALLS)
}

function whatToDo(recent: Recent, left: number): { advice: string; repair?: Repair } {
  const { prefix, settings } = settingsOf(recent)
  if (left > NOTHING_LEARNED) {
    const rate = rounded(settings.learningRate / 10)
    return {
      advice: `Try another rate: ${shown(settings.learningRate)} is probably too high for anything to settle.`,
      repair: { label: `Learning rate ${shown(rate)}`, changes: { [`${prefix}.learningRate`]: rate } }
    }
  }
  if (recent.config.mode === 'head') {
    return {
      advice: 'The features hold no more for a head: fine-tune the last blocks of the backbone.',
      repair: { label: 'Fine-tune', changes: { mode: 'finetune' } }
    }
  }
  const { unfreeze } = recent.config.fineTune
  if (recent.phase === 'head' || unfreeze === 'all') return { advice: 'A larger backbone can tell more apart.' }
  const more = unfreeze * 2
  return {
    advice: `${unfreeze} unfrozen blocks learn no more: unfreeze further ones.`,
    repair: { label: `Unfreeze ${more} blocks`, changes: { 'fineTune.unfreeze': more } }
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
