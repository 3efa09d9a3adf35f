/** Hardly any gradient arrives, though there is much left to learn. */
import type { Detector } from './detector'
import { excess, rounded, settingsOf, type ProbeFigure } from './recent'

/** Probes that have to agree. */
const AGREE = 3
/** Norm over all blocks at which nothing moves. */
const NONE = 1e-5
/** Of the block with the longest gradient, what the first one gets. */
const FAINT = 1e-4
const STILL = 10
/** Of the way from guessing to the floor. */
const MUCH_LEFT = 0.5

export const vanishingGradients: Detector = (recent, standing) => {
  const probes = recent.probes.slice(-AGREE)
  if (probes.length < AGREE) return null
  const slack = standing ? STILL : 1
  const gone = (probe: ProbeFigure): boolean =>
    excess(recent, probe.loss) > MUCH_LEFT && (longest(probe) < NONE * slack || firstShare(probe) < FAINT * slack)
  if (!probes.every(gone)) return null
  const last = probes.at(-1)!
  const { prefix, settings } = settingsOf(recent)
  const everywhere = longest(last) < NONE * slack
  const plain = settings.optimizer === 'sgd'
  return {
    code: 'training/vanishing-gradients',
    severity: 'warning',
    title: everywhere
      ? 'The gradients have vanished: nothing moves any more.'
      : `The gradients vanish before they reach '${last.blocks[0]!.name}'.`,
    evidence: everywhere
      ? `The longest of a block is ${rounded(longest(last))}, at a loss of ${last.loss.toFixed(2)}.`
      : `There ${rounded(last.blocks[0]!.norm)}, at most ${rounded(longest(last))} elsewhere.`,
    advice: plain
      ? 'AdamW takes steps of one size whatever the gradient.'
      : 'The units behind are dead or saturated: lower the rate, and begin from the best.',
    repair: plain
      ? { label: 'AdamW', changes: { [`${prefix}.optimizer`]: 'adamw', [`${prefix}.learningRate`]: 3e-4 } }
      : {
          label: `Learning rate ${rounded(settings.learningRate / 10)}`,
          changes: { [`${prefix}.learningRate`]: rounded(settings.learningRate / 10) }
        }
  }
}

const longest = ({ blocks }: ProbeFigure): number => Math.max(...blocks.map(({ norm }) => norm))
const firstShare = (probe: ProbeFigure): number =>
  probe.blocks.length < 2 ? 1 : probe.blocks[0]!.norm / Math.max(longest(probe), Number.MIN_VALUE)
