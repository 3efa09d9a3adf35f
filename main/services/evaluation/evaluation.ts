/** What finished runs are worth: the report on one, and the pictures on which two disagree. */
import type { ClassCurves, EvaluationReport, reportRequestSchema } from '@shared/domain/evaluation-report'
import type { FlipRequest, Flips } from '@shared/domain/flips'
import type { ReportSlice } from '@shared/domain/image-trait'
import type { Run } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import { wilsonInterval } from '@shared/statistics/intervals'
import { oneAgainstRest } from '@shared/statistics/one-vs-rest'
import type { z } from 'zod'
import type { RunStore } from '../../store/store'
import { countFlips, disagreement, type Disagreement } from './flips'
import { makeReport, scoreCurves } from './report'

type ReportRequest = z.infer<typeof reportRequestSchema>

/** How many answers are kept: going back and forth between slices, or through the flips of a pair, asks for the same again. */
const KEPT = 8

export class EvaluationService {
  private readonly reports = new Map<string, Promise<EvaluationReport | null>>()
  private readonly pairs = new Map<string, Promise<Disagreement & Pick<Flips, 'tested'> & Sides>>()

  constructor(private readonly runs: RunStore) {}

  /** Null where the split, or the slice, has no prediction. @throws StudioError run/not-found, request/invalid */
  async report({ runId, split, slice }: ReportRequest): Promise<EvaluationReport | null> {
    const run = await this.get(runId)
    assertLabel(run, slice.label)
    const temperature = run.calibration?.temperature ?? null
    return kept(this.reports, [version(run), split, slice.label, slice.trait, temperature], async () => {
      const columns = await this.runs.probabilities(runId, split, slice)
      if (columns.truth.length === 0) return null
      const [report, traits, whole] = await Promise.all([
        makeReport({ ...columns, runId, split, classes: run.classes, temperature }),
        this.runs.traitCounts(runId, split, slice.label),
        this.runs.evaluation(runId, split)
      ])
      const { confusion, count: splitCount, accuracy: splitAccuracy } = whole!
      const ofClass =
        slice.label === undefined
          ? splitCount
          : confusion[run.classes.indexOf(slice.label)]!.reduce((sum, images) => sum + images, 0)
      return {
        ...report,
        slice,
        splitCount,
        splitAccuracy,
        traits: traits
          // What all of them have sets none apart.
          .filter(({ count }) => count > 0 && count < ofClass)
          .map(({ trait, count, right }) => ({
            trait,
            count,
            accuracy: right / count,
            interval: wilsonInterval(right, count)
          }))
      }
    })
  }

  /** Of one class, where the report leaves the points out. @throws StudioError run/not-found, request/invalid */
  async classCurves({ runId, split, slice }: ReportRequest, label: string): Promise<ClassCurves> {
    const run = await this.get(runId)
    assertLabel(run, label)
    const { probabilities, truth } = await this.runs.probabilities(runId, split, slice)
    return scoreCurves(oneAgainstRest(probabilities, truth, run.classes.length, run.classes.indexOf(label)))
  }

  /** A page of the pictures on which two runs disagree. @throws StudioError run/not-found */
  async flips({ a, b, kind, label }: FlipRequest, offset: number, limit: number): Promise<Flips> {
    const [first, second] = await Promise.all([this.get(a), this.get(b)])
    const { flips, tested, sides, ...counts } = await kept(this.pairs, [version(first), version(second)], async () => {
      const [pairs, ofA, ofB] = await Promise.all([
        this.runs.pairedPredictions(a, b),
        this.runs.evaluation(a, 'test'),
        this.runs.evaluation(b, 'test')
      ])
      const found = disagreement(first, second, pairs)
      return {
        ...found,
        tested: { a: ofA?.count ?? 0, b: ofB?.count ?? 0 },
        sides: { a: pairs.a.imageIds, b: pairs.b.imageIds }
      }
    })
    const asked = flips.filter((flip) => flip.kind === kind && (label === undefined || flip.label === label))
    const page = asked.slice(offset, offset + limit)
    const [ofA, ofB] = await Promise.all([
      this.runs.predictionsOf(
        a,
        'test',
        page.map(({ place }) => sides.a[place]!)
      ),
      this.runs.predictionsOf(
        b,
        'test',
        page.map(({ place }) => sides.b[place]!)
      )
    ])
    return {
      ...counts,
      ...countFlips(flips),
      tested,
      total: asked.length,
      flips: ofA.map((prediction, index) => ({ a: prediction, b: ofB[index]! }))
    }
  }

  private async get(runId: string): Promise<Run> {
    const run = await this.runs.get(runId)
    if (!run) throw new StudioError('run/not-found', `There is no run '${runId}'.`, { runId })
    return run
  }
}

/** Which image stands at each place of the pairs. */
interface Sides {
  sides: { a: Int32Array; b: Int32Array }
}

/** A run's predictions change only when it is settled anew. */
const version = ({ id, endedAt }: Run): string => `${id} ${endedAt}`

function assertLabel({ name, classes }: Run, label: ReportSlice['label']): void {
  if (label === undefined || classes.includes(label)) return
  throw new StudioError('request/invalid', `'${name}' has no class '${label}'.`, { label })
}

/** The answer to the same question, if it is among the newest; one that failed is asked again. */
function kept<T>(answers: Map<string, Promise<T>>, question: unknown[], ask: () => Promise<T>): Promise<T> {
  const key = JSON.stringify(question)
  const known = answers.get(key)
  answers.delete(key)
  const answer = known ?? ask()
  answers.set(key, answer)
  if (!known) answer.catch(() => answers.delete(key))
  const [oldest] = answers.keys()
  if (answers.size > KEPT && oldest !== undefined) answers.delete(oldest)
  return answer
}
