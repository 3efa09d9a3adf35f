/** The statistics against SciPy, statsmodels and scikit-learn, in a virtual environment that the test makes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import { drawBinomial } from '@shared/statistics/binomial'
import { expectedCalibrationError, reliabilityBins } from '@shared/statistics/calibration'
import { classMetrics, confusionMatrix, macroF1 } from '@shared/statistics/classification'
import { coverageAccuracy } from '@shared/statistics/coverage'
import { normalTwoSided, studentQuantile, studentTwoSided } from '@shared/statistics/distributions'
import { holm } from '@shared/statistics/holm'
import { imagesNeeded } from '@shared/statistics/images-needed'
import { wilsonInterval } from '@shared/statistics/intervals'
import { macroPrecisionRecallCurve, macroRocCurve } from '@shared/statistics/macro-curves'
import { mcnemar, mcnemarExact } from '@shared/statistics/mcnemar'
import { oneAgainstRest, oneVsRestAreas } from '@shared/statistics/one-vs-rest'
import { pairedBootstrap, resampledMeans } from '@shared/statistics/paired-bootstrap'
import { averagePrecision, precisionRecallCurve } from '@shared/statistics/precision-recall'
import { rocArea, rocCurve, trapezoidArea } from '@shared/statistics/roc'
import { seedTest, type SeedTest } from '@shared/statistics/seed-test'
import { applyTemperature, fitTemperature } from '@shared/statistics/temperature'
import { topK } from '@shared/statistics/top-k'
import { pythonEnvironment } from '../bench/contenders'
import * as cases from './statistics-cases'

const CLOSE = 1e-9
type Numbers = (number | null)[]

const resampled = cases.bootstrap.map(({ a, b, seed }) => {
  const differences = Float64Array.from(a, (value, index) => b[index]! - value)
  return { differences: [...differences], means: [...resampledMeans(differences, 2000, seed)] }
})

const drawn = cases.binomial.map(({ count, share, seed }) => {
  const random = createRandom(seed, 1)
  return { count, share, draws: Array.from({ length: 2000 }, () => drawBinomial(random, count, share)) }
})

const questions = {
  tails: cases.tails,
  wilson: cases.wilson,
  mcnemar_tests: cases.pairs,
  holm: cases.families,
  t_tests: cases.tests,
  binomial: drawn,
  bootstrap: resampled,
  images_needed: cases.needs,
  binary_curves: cases.binary,
  multiclass: cases.multiclass,
  calibration_error: cases.calibration,
  temperature: cases.temperature,
  classification: cases.guesses
}
let answers: Record<keyof typeof questions, unknown[]>

beforeAll(async () => {
  const python = await pythonEnvironment('statistics')
  const child = spawn(python, [join(import.meta.dirname, 'statistics_peer.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(questions))
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  answers = JSON.parse(output) as typeof answers
})

/** Each case with its answer. */
function each<Case, Answer>(name: keyof typeof questions, check: (one: Case, answer: Answer) => void): void {
  const asked = questions[name] as unknown as Case[]
  expect(asked.length).toBeGreaterThanOrEqual(cases.CASES)
  asked.forEach((one, index) => check(one, answers[name][index] as Answer))
}

/** @param expected null for NaN and infinity */
function close(actual: ArrayLike<number | null>, expected: Numbers, within = CLOSE): void {
  expect(actual.length).toBe(expected.length)
  for (let place = 0; place < actual.length; place++) {
    const [mine, theirs] = [actual[place] ?? null, expected[place]!]
    if (theirs === null) expect(mine === null || !Number.isFinite(mine)).toBe(true)
    else if (!(Math.abs(mine! - theirs) <= within)) expect(mine, `place ${place}`).toBe(theirs)
  }
}

const classesOf = ({ truth, probabilities }: cases.Classified): number => probabilities.length / truth.length

describe('distributions and intervals', () => {
  it('tails of t and normal, and quantiles of t', () => {
    each('tails', ({ t, df, tail }: (typeof cases.tails)[number], expected: number[]) => {
      const mine = [studentTwoSided(t, df), studentQuantile(tail, df), normalTwoSided(t)]
      // Relative, for tails are small and quantiles large.
      mine.forEach((value, place) => expect(Math.abs(value / expected[place]! - 1)).toBeLessThan(CLOSE))
    })
  })

  it('Wilson intervals', () => {
    each('wilson', ({ successes, count }: (typeof cases.wilson)[number], expected: Numbers) =>
      close(wilsonInterval(successes, count), expected)
    )
  })
})

describe('tests', () => {
  it('McNemar, exact and by chi-square', () => {
    each('mcnemar_tests', ({ b, c }: (typeof cases.pairs)[number], [exact, approximate]: number[]) => {
      close([mcnemarExact(b, c)], [exact!])
      const { method, p } = mcnemar(b, c)
      expect(method).toBe(b + c < 25 ? 'exact' : 'chi-square')
      close([p], [method === 'exact' ? exact! : approximate!])
    })
  })

  it("Holm's correction", () => {
    each('holm', ({ ps }: (typeof cases.families)[number], expected: Numbers) => close(holm(ps), expected))
  })

  it("Welch's and paired t tests with their intervals", () => {
    const figures = (test: SeedTest | null): number[] => [test!.t, test!.df, test!.p, test!.low, test!.high]
    each('t_tests', ({ a, b }: (typeof cases.tests)[number], [welch, paired]: Numbers[]) => {
      close(figures(seedTest(a, b)), welch!)
      if (a.length === b.length) close(figures(seedTest(a, b, { paired: true })), paired!)
    })
  })

  it('the bootstrap: its interval and p from the same resamples, and the resamples from the right distribution', () => {
    each('bootstrap', ({ differences, means }: (typeof resampled)[number], expected: number[]) => {
      const [low, high, p, apart] = expected
      const seed = resampled.findIndex((one) => one.means === means)
      const interval = pairedBootstrap(new Uint8Array(differences.length), differences, { seed })
      close([interval.low, interval.high, interval.p], [low!, high!, p!])
      // Kolmogorov: 2,000 draws are farther from their distribution in one of a million cases.
      expect(apart).toBeLessThan(0.06)
    })
  })

  it('binomial draws come from the right distribution', () => {
    each('binomial', (_, apart: number) => expect(apart).toBeLessThan(0.06))
  })

  it('images that a difference takes: as many, and with about the promised power', () => {
    const powers: number[] = []
    each('images_needed', (one: (typeof cases.needs)[number], [needed, power]: number[]) => {
      expect(imagesNeeded(one)).toBe(needed)
      powers.push(power!)
    })
    // The exact test is a little more careful than the formula; with few images its steps are coarse.
    expect(Math.min(...powers)).toBeGreaterThan(0.65)
    expect(powers.reduce((sum, power) => sum + power, 0) / powers.length).toBeCloseTo(0.78, 1)
  })
})

interface BinaryAnswer {
  precision: Numbers
  recall: Numbers
  at: Numbers
  roc: Numbers[]
  whole: Numbers[]
  ap: number | null
  area: number | null
}

interface MulticlassAnswer {
  roc: [Numbers, number]
  ap: [Numbers, number]
  micro: Numbers
  grid: number[]
  upper: number[]
  top: number[]
}

describe('curves', () => {
  it('precision against recall, ROC, and their areas', () => {
    each('binary_curves', ({ scores, positive }: cases.Scores, expected: BinaryAnswer) => {
      const { precision, recall, thresholds } = precisionRecallCurve(scores, positive)
      close(precision, expected.precision)
      close(recall, expected.recall)
      close(thresholds, expected.at)
      for (const [drop, [x, y, at]] of [
        [true, expected.roc],
        [false, expected.whole]
      ] as const) {
        const roc = rocCurve(scores, positive, drop)
        close(roc.falsePositiveRate, x!)
        close(roc.truePositiveRate, y!)
        close(roc.thresholds.subarray(1), at!)
      }
      close([averagePrecision(scores, positive), rocArea(scores, positive)], [expected.ap, expected.area])
    })
  })

  it('one against the rest, macro and micro; top-k', () => {
    each('multiclass', (one: cases.Classified, expected: MulticlassAnswer) => {
      const count = classesOf(one)
      const { classes, macro, micro } = oneVsRestAreas(one.probabilities, one.truth, count)
      close(
        classes.map(({ rocArea }) => rocArea),
        expected.roc[0]
      )
      close(
        classes.map(({ averagePrecision }) => averagePrecision),
        expected.ap[0]
      )
      close([macro.rocArea, macro.averagePrecision], [expected.roc[1], expected.ap[1]])
      close([micro.averagePrecision, micro.rocArea], expected.micro)
      close(topK(one.probabilities, one.truth, count), expected.top)
    })
  })

  it('macro curves: the mean of the classes, with the mean area', () => {
    each('multiclass', (one: cases.Classified, expected: MulticlassAnswer) => {
      const count = classesOf(one)
      const scored = Array.from({ length: count }, (_, k) => oneAgainstRest(one.probabilities, one.truth, count, k))
      const roc = macroRocCurve(scored)
      const upper = new Map(Array.from(roc.x, (x, place) => [x, roc.y[place]!]))
      close([...upper.keys()], expected.grid)
      close([...upper.values()], expected.upper)
      close([trapezoidArea(roc.x, roc.y)], [expected.roc[1]])
      const { x, y } = macroPrecisionRecallCurve(scored)
      const steps = x.reduce((sum, at, place) => sum + (at - (x[place - 1] ?? 0)) * y[place]!, 0)
      close([steps], [expected.ap[1]])
    })
  })
})

interface CalibrationAnswer {
  counts: number[]
  accuracy: number[]
  confidence: number[]
  error: number
  thresholds: number[]
  coverage: number[]
  right: number[]
}

interface TemperatureAnswer {
  temperature: number
  before: number
  after: number
  scaled: number[]
  sklearn?: number
}

describe('calibration', () => {
  it('reliability, its error, and accuracy against coverage', () => {
    each('calibration_error', ({ probabilities, truth }: cases.Classified, expected: CalibrationAnswer) => {
      const bins = reliabilityBins(probabilities, truth)
      const filled = bins.filter(({ count }) => count > 0)
      close(
        bins.map(({ count }) => count),
        expected.counts
      )
      close(
        filled.map(({ accuracy }) => accuracy),
        expected.accuracy
      )
      close(
        filled.map(({ confidence }) => confidence),
        expected.confidence
      )
      close([expectedCalibrationError(probabilities, truth)], [expected.error])
      const points = coverageAccuracy(probabilities, truth)
      close(
        points.map(({ threshold }) => threshold),
        expected.thresholds
      )
      close(
        points.map(({ coverage }) => coverage),
        expected.coverage
      )
      close(
        points.map(({ accuracy }) => accuracy),
        expected.right
      )
    })
  })

  it('the temperature: where the slope is 0, and where scikit-learn finds it', () => {
    each('temperature', (one: cases.Classified, expected: TemperatureAnswer) => {
      const fit = fitTemperature(one.probabilities, one.truth)
      expect(fit.atBound).toBe(false)
      close([fit.temperature, fit.nllBefore, fit.nllAfter], [expected.temperature, expected.before, expected.after])
      // A minimum that is searched for by its values is known to the square root of their precision only.
      if (expected.sklearn !== undefined) close([fit.temperature], [expected.sklearn], 1e-6)
      // Float32, as predictions are kept.
      close(applyTemperature(one.probabilities, classesOf(one), fit.temperature), expected.scaled, 1e-7)
    })
    expect((answers.temperature as TemperatureAnswer[]).filter(({ sklearn }) => sklearn).length).toBeGreaterThan(100)
  })
})

it('confusion, precision, recall and F1', () => {
  interface Answer {
    confusion: number[]
    metrics: number[]
    macro: number
  }
  each('classification', (one: (typeof cases.guesses)[number], expected: Answer) => {
    const confusion = confusionMatrix(one.truth, one.predicted, one.classes)
    const rows = classMetrics(confusion).map(({ precision, recall, f1, support }) => [precision, recall, f1, support])
    close(confusion.flat(), expected.confusion)
    close(rows.flat(), expected.metrics)
    close([macroF1(confusion)], [expected.macro])
  })
})
