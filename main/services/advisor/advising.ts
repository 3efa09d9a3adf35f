/** One advice while it is worked at: speeds first, then a head on each backbone's features, then the best ones on every picture. */
import { createHash } from 'node:crypto'
import type { Advice, AdviceEvent } from '@shared/domain/advice'
import type { SpeedMeasurement } from '@shared/domain/device'
import { presetConfig } from '@shared/domain/presets'
import type { RunProgress } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError, toErrorData } from '@shared/errors'
import { Budget } from '../explain/budget'
import { experimentId, runExperiment, testImages, type Grounds } from '../explain/experiment'
import { holdPlace } from '../explain/place'
import type { JobHandle } from '../jobs/jobs'
import type { RunContext } from '../runs/context'
import { assertStartable } from '../runs/preflight'
import type { FeedSource } from '../streams/coalesced-feed'
import { Costs } from './costs'
import { contenders, shareOf, type Trialled } from './frontier'
import { answerOf, type Candidate } from './points'
import { sentenceOf } from './sentence'

const PHASE_WORDS: Record<RunProgress['phase'], string> = {
  load: 'loading',
  features: 'computing features',
  head: 'training the head',
  finetune: 'training',
  evaluate: 'testing'
}

export type AdvisorContext = RunContext & {
  /** On each executor that is there, here and now. */
  measure(backboneId: string): Promise<SpeedMeasurement[]>
}

export interface AdvisingParts {
  context: AdvisorContext
  advice: Advice
  candidates: Candidate[]
  /** Every picture, and those that are screened on; null: all at once. */
  whole: Grounds
  part: Grounds | null
  job: JobHandle
}

type Stage = 'screened' | 'confirmed'

interface Trial {
  candidate: Candidate
  stage: Stage
}

/** Linear evaluation (Kornblith et al. 2019): solved to its optimum, so that no learning rate favours one backbone. */
const configOf = (backboneId: string): TrainingConfig => ({ ...presetConfig('fast-head', 'head'), backboneId })

/** A part of a dataset is another dataset: its results are kept apart. */
export function partOf(whole: Grounds, images: Grounds['images']): Grounds {
  const ids = images.map(({ hash, split }) => `${split} ${hash}`).sort()
  const contentHash = createHash('sha256')
    .update(JSON.stringify([whole.dataset.contentHash, ids]))
    .digest('hex')
  return { ...whole, images, dataset: { ...whole.dataset, contentHash } }
}

export class Advising {
  advice: Advice
  private phase = ''
  private readonly budget: Budget
  private readonly costs = new Costs()
  /** What is to be done, in order. */
  private open: Trial[] = []
  private readonly halt = new AbortController()
  private ending: Advice['state'] = 'stopped'
  private readonly listeners = new Set<() => void>()

  constructor(private readonly parts: AdvisingParts) {
    this.advice = parts.advice
    this.budget = new Budget(parts.advice.budgetSeconds, parts.advice.images, 0)
    this.advice = { ...this.advice, ...this.answer() }
  }

  /** Works to the end, whatever it is. Never rejects. */
  async run(): Promise<void> {
    const { context, job } = this.parts
    try {
      if (!this.halt.signal.aborted) await this.work()
      await this.settle(this.halt.signal.aborted ? this.ending : 'completed', null)
      if (this.advice.state === 'completed') job.done()
      else job.cancelled()
    } catch (error) {
      const logId = context.log.error('an advice ended badly', error, { adviceId: this.advice.id })
      const data = toErrorData(error)
      const shown = { ...data, details: { ...data.details, logId } }
      await this.settle('failed', shown).catch((failure: unknown) => void context.log.error('unsettled', failure))
      job.fail(shown)
    }
  }

  /** Ends at once; the answer is that of the trials that are done. */
  stop(as: Advice['state'] = 'stopped'): void {
    if (this.halt.signal.aborted) return
    this.ending = as
    this.halt.abort()
  }

  source(): FeedSource<AdviceEvent> {
    let seen: { advice: Advice | null; phase: string } = { advice: null, phase: '' }
    return {
      subscribe: (wake) => {
        this.listeners.add(wake)
        return () => void this.listeners.delete(wake)
      },
      ended: () => this.advice.endedAt !== null,
      take: () => {
        const { advice, phase } = this
        if (seen.advice === advice && seen.phase === phase) return []
        seen = { advice, phase }
        return [seen as AdviceEvent]
      }
    }
  }

  private async work(): Promise<void> {
    const { candidates, part } = this.parts
    this.budget.begin()
    await this.update({ state: 'running' })
    const first: Stage = part ? 'screened' : 'confirmed'
    for (const candidate of candidates) await this.measure(candidate)
    const measured = candidates.filter(({ speed }) => speed)
    measured.sort((a, b) => a.speed!.msPerImage - b.speed!.msPerImage)
    await this.tryAll(measured.map((candidate) => ({ candidate, stage: first })))
    if (first === 'confirmed') return
    const screened = measured.flatMap(({ backbone, speed, screened: correct }): Trialled[] =>
      correct ? [{ backboneId: backbone.id, msPerImage: speed!.msPerImage, correct }] : []
    )
    const chosen = contenders(screened).map(({ backboneId }) =>
      measured.find(({ backbone }) => backbone.id === backboneId)!
    )
    await this.tryAll(chosen.map((candidate) => ({ candidate, stage: 'confirmed' })))
  }

  /** In the place for training, since a training beside it would make it look slow. */
  private async measure(candidate: Candidate): Promise<void> {
    const { context } = this.parts
    const { id, name } = candidate.backbone
    await this.alone(async () => {
      this.tell(`${name}: measuring its speed`)
      try {
        await assertStartable(context, this.advice.datasetId, configOf(id))
        const found = await context.measure(id)
        const { frozen } = context.compute.report()
        // As runs compute features here; what that executor cannot run, the fastest one does.
        const fastest = [...found].sort((a, b) => a.msPerImage - b.msPerImage)
        const speed = fastest.find(({ executor }) => executor === frozen) ?? fastest[0]
        if (speed) candidate.speed = { msPerImage: speed.msPerImage, executor: speed.executor }
        else candidate.error = 'Nothing here can run it.'
      } catch (error) {
        if (!(error instanceof StudioError)) throw error
        candidate.error = error.message
      }
    })
    await this.update()
  }

  private async tryAll(trials: Trial[]): Promise<void> {
    this.open = trials
    while (this.open.length > 0 && !this.halt.signal.aborted) {
      const [trial] = this.open as [Trial, ...Trial[]]
      if (!(await this.takeStored(trial))) {
        if (this.expected(trial) > this.budget.left) break
        await this.try(trial)
      }
      this.open = this.open.slice(1)
      await this.update()
    }
    const left = this.halt.signal.aborted ? [] : this.open.map(({ candidate }) => candidate.backbone.name)
    this.open = []
    if (left.length > 0) {
      const what = trials[0]!.stage === 'confirmed' && this.parts.part ? 'confirmed on all pictures' : 'tried'
      const note = `The time was up before ${left.join(', ')} could be ${what}.`
      await this.update({ notes: [...this.advice.notes, note] })
    }
  }

  private groundsOf = ({ stage }: Trial): Grounds =>
    stage === 'screened' ? (this.parts.part ?? this.parts.whole) : this.parts.whole

  private async takeStored(trial: Trial): Promise<boolean> {
    const grounds = this.groundsOf(trial)
    const id = experimentId(configOf(trial.candidate.backbone.id), grounds)
    const [stored] = await this.parts.context.store.explanations.experiments([id])
    if (stored?.correct.length !== testImages(grounds).length) return false
    trial.candidate[trial.stage] = stored.correct
    return true
  }

  private async try(trial: Trial): Promise<void> {
    const { context } = this.parts
    const { candidate, stage } = trial
    const { id, name } = candidate.backbone
    const grounds = this.groundsOf(trial)
    const config = configOf(id)
    await this.alone(async () => {
      candidate.running = true
      this.refresh()
      const startedAt = performance.now()
      try {
        const made = await runExperiment(context, grounds, config, this.halt.signal, ({ phase }) =>
          this.tell(`${name}: ${PHASE_WORDS[phase]}`)
        )
        const { correct, seconds, diverged, features } = made
        const took = (performance.now() - startedAt) / 1000
        this.costs.add({ seconds: took, features, msPerImage: candidate.speed!.msPerImage })
        candidate[stage] = correct
        await context.store.explanations.saveExperiment(
          { id: experimentId(config, grounds), accuracy: shareOf(correct), seconds, diverged, correct },
          { datasetHash: grounds.dataset.contentHash, config }
        )
      } catch (error) {
        if (this.halt.signal.aborted) return
        if (!(error instanceof StudioError)) throw error
        context.log.error('a backbone could not be tried', error, { backboneId: id })
        candidate.error = error.message
      } finally {
        candidate.running = false
      }
    })
  }

  /** Whatever is timed or trains has the home's one place for training meanwhile. */
  private async alone(work: () => Promise<void>): Promise<void> {
    const { context } = this.parts
    const place = holdPlace({
      explanations: context.store.explanations,
      id: this.advice.id,
      isAlive: context.isAlive,
      signal: this.halt.signal,
      onWaiting: (name) => this.tell(`Waiting for '${name}'`)
    })
    const release = await this.budget.waiting(place)
    if (!release) return
    try {
      await work()
    } finally {
      await release()
    }
  }

  private expected(trial: Trial): number {
    const { part, whole } = this.parts
    const { candidate, stage } = trial
    // What was screened on has its features already.
    const known = stage === 'confirmed' && part ? part.images.length : 0
    const images = stage === 'screened' && part ? part.images.length : whole.images.length - known
    return this.costs.of(images, candidate.speed?.msPerImage ?? 0)
  }

  private answer(): Partial<Advice> {
    const { points } = answerOf(this.parts.candidates)
    const { screenImages, images } = this.advice
    return {
      points,
      sentence: sentenceOf({ points, screenImages, images }),
      spentSeconds: this.budget.spent,
      remainingSeconds: this.remaining()
    }
  }

  /** Of the stage that goes on; the one after it is not planned yet. */
  private remaining(): number | null {
    if (this.open.length === 0) return null
    return Math.min(
      this.budget.left,
      this.open.reduce((sum, trial) => sum + this.expected(trial), 0)
    )
  }

  private refresh(changes: Partial<Advice> = {}): void {
    this.advice = { ...this.advice, ...changes, ...this.answer() }
    for (const listener of this.listeners) listener()
  }

  private async update(changes: Partial<Advice> = {}): Promise<void> {
    this.refresh(changes)
    const { points, remainingSeconds } = this.advice
    const done = points.filter(({ stage }) => stage !== 'waiting' && stage !== 'running').length
    this.parts.job.progress({
      phase: this.phase || 'Measuring',
      done,
      total: points.length,
      etaSeconds: remainingSeconds
    })
    await this.parts.context.store.advice.save(this.advice)
  }

  private async settle(state: Advice['state'], error: Advice['error']): Promise<void> {
    this.phase = ''
    this.open = []
    this.refresh({ state, error, endedAt: Date.now() })
    await this.parts.context.store.advice.save(this.advice)
  }

  private tell(phase: string): void {
    this.phase = phase
    for (const listener of this.listeners) listener()
  }
}
