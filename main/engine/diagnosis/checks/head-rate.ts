/** Whether the head learns at its rate: the training itself on the sample, beside a tenth and ten times of it. */
import { found, passed, skipped, type Check, type CheckResult } from '../check'
import type { Examination } from '../examination'
import { barsPicture } from '../picture'
import { tryHead, type HeadTrial } from '../head-trial'

const LOWER = 0.1
const HIGHER = 10
/** How many times the best loss at another rate has to be passed before the rate is to blame. */
const WORSE = 1.25
/** Share of right answers that another rate has to bring to be worth a word, and to be severe. */
const NOTICED = 0.01
const FAR_WORSE = 0.05
/** Held-out pictures that it has to get right besides: of nine, two more are chance. */
const FEWEST_MORE = 3
/** Share of ln K above which nothing has been learned yet. */
const LEARNED = 0.85
/** Further rates in the direction that helped. */
const RATES_TRIED = 4

export const headRateCheck: Check = {
  code: 'training/learning-rate-high',
  phase: 'Training the head at several rates',
  async run(examination) {
    const { config } = examination
    const both = ['training/learning-rate-high', 'training/learning-rate-low'] as const
    if (config.mode === 'finetune' && !config.fineTune.headFirst) {
      return both.map((code) => skipped(code, 'No head is trained before the backbone.'))
    }
    if (config.head.method === 'lbfgs') {
      return both.map((code) => passed(code, 'The head is solved by L-BFGS, which has no learning rate.'))
    }
    const trials = new Map<number, HeadTrial>()
    const attempt = async (factor: number): Promise<HeadTrial> => {
      const known = trials.get(factor)
      if (known) return known
      const trial = await trialAt(examination, factor)
      trials.set(factor, trial)
      return trial
    }
    const [own, lower, higher] = [await attempt(1), await attempt(LOWER), await attempt(HIGHER)]
    let best = 1
    // At a thousandth of the right rate, ten times of it is as good as nothing as well.
    const asleep = own.best > LEARNED * Math.log(examination.classes.length)
    if (lower.best * WORSE < own.best) best = await descend(attempt, LOWER)
    else if (higher.best * WORSE < own.best || (asleep && higher.best < own.best)) best = await descend(attempt, HIGHER)
    return judgeRates(examination, own, trials, best)
  }
}

const trialAt = async (examination: Examination, factor: number): Promise<HeadTrial> => {
  const { config, classes, trainCount, signal } = examination
  const learningRate = Math.min(10, config.head.learningRate * factor)
  return tryHead({
    runtime: examination.headRuntime(),
    data: await examination.headInputs(),
    classes: classes.length,
    config: { ...config, head: { ...config.head, learningRate } },
    trainCount,
    signal
  })
}

/** Goes on in one direction while it helps. @returns the best factor */
async function descend(attempt: (factor: number) => Promise<HeadTrial>, step: number): Promise<number> {
  let factor = step
  for (let round = 1; round < RATES_TRIED; round++) {
    const [here, next] = [await attempt(factor), await attempt(factor * step)]
    if (next.best * 1.02 >= here.best) break
    factor *= step
  }
  return factor
}

/** @param trials by the factor of the rate @param best the factor that did best */
export function judgeRates(
  { config, classes }: Pick<Examination, 'config' | 'classes'>,
  own: HeadTrial,
  trials: ReadonlyMap<number, HeadTrial>,
  best: number
): CheckResult[] {
  const rate = config.head.learningRate
  const key = 'head.learningRate'
  const chance = Math.log(classes.length)
  const better = trials.get(best)!
  const evidence = {
    text: `${sentence(own, rate)} ${best === 1 ? '' : sentence(better, rate * best)}`.trim(),
    value: own.best,
    expected: better.best,
    picture: drawn(trials, rate)
  }
  const ratio = own.best / better.best
  const gain = better.accuracy - own.accuracy
  const asleep = own.best > LEARNED * chance
  // A lower loss alone may only be more certainty about what is right already.
  const matters = best !== 1 && ((gain > NOTICED && gain * own.held >= FEWEST_MORE) || asleep)
  // What the head lacks, fine-tuning may still make up for.
  const severity = config.mode === 'head' && (gain > FAR_WORSE || asleep) ? 'severe' : 'warning'
  const high = (): CheckResult =>
    found('training/learning-rate-high', {
      severity,
      weight: 8 + 6 * Math.min(ratio, 5),
      title: `The head's learning rate of ${shown(rate)} is too high.`,
      evidence,
      repair: { label: `Use ${shown(rate * best)}`, changes: { [key]: rounded(rate * best) } }
    })
  const low = (): CheckResult =>
    found('training/learning-rate-low', {
      severity,
      weight: 8 + 6 * Math.min(ratio, 5),
      title: `The head's learning rate of ${shown(rate)} is too low: its training ends before it has learned.`,
      evidence,
      repair: { label: `Use ${shown(rate * best)}`, changes: { [key]: rounded(rate * best) } }
    })
  const still = `At ${shown(rate)} the head comes to ${own.best.toFixed(2)} nats on what was held out, ${Math.round(100 * own.accuracy)} % right`
  const fine = matters ? `${still}.` : `${still}; other rates are no better.`
  return [
    matters && best < 1 ? high() : passed('training/learning-rate-high', fine),
    // A rate that is low by no more than the trial was cut short only looks low.
    matters && best > 2 * own.cut ? low() : passed('training/learning-rate-low', fine)
  ]
}

const sentence = ({ best, accuracy, highest }: HeadTrial, rate: number): string =>
  Number.isFinite(best)
    ? `At ${shown(rate)}: ${best.toFixed(2)} nats at best on what was held out, ${Math.round(accuracy * 100)} % right, highest training loss ${highest.toFixed(1)}.`
    : `At ${shown(rate)} the loss is not a number.`

function drawn(trials: ReadonlyMap<number, HeadTrial>, rate: number): string {
  const highest = Math.max(...[...trials.values()].map(({ best }) => best).filter(Number.isFinite), 1e-6)
  const bars = [...trials].sort(([a], [b]) => a - b)
  return barsPicture(
    'loss on what was held out',
    bars.map(([factor, { best }]) => ({
      label: shown(rate * factor),
      value: Number.isFinite(best) ? best / highest : 1,
      text: Number.isFinite(best) ? best.toFixed(2) : 'no number',
      wrong: factor === 1
    }))
  )
}

const rounded = (rate: number): number => Number(rate.toPrecision(2))
const shown = (rate: number): string => (rate < 1e-4 ? rounded(rate).toExponential() : String(rounded(rate)))
