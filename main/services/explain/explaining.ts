/** One explanation while it is worked at: an experiment after the other, and the answer anew after each. */
import type { Explanation, ExplanationEvent, ExplanationState } from '@shared/domain/explanation'
import type { RunProgress } from '@shared/domain/run'
import { StudioError, toErrorData } from '@shared/errors'
import type { FeedSource } from '../streams/coalesced-feed'
import type { JobHandle } from '../jobs/jobs'
import type { RunContext } from '../runs/context'
import { answerOf } from './answer'
import { assemble } from './assemble'
import type { Budget } from './budget'
import { runExperiment, type Grounds } from './experiment'
import type { Difference } from './factors'
import type { Leftover } from './leftover'
import { planSteps, stepKey, type Plan, type Step } from './plan'
import { holdPlace } from './place'
import type { Contracts } from './settings'
import { shareOf, type Trial, type Trials } from './trials'
import { verdictOf } from './verdict'

const PHASE_WORDS: Record<RunProgress['phase'], string> = {
  load: 'Loading',
  features: 'Computing features',
  head: 'Training the head',
  finetune: 'Fine-tuning',
  evaluate: 'Testing'
}

export interface ExplainingParts {
  context: RunContext
  explanation: Explanation
  grounds: Grounds
  difference: Difference
  leftover: Leftover | null
  contracts: Contracts
  trials: Trials
  budget: Budget
  job: JobHandle
}

export class Explaining {
  explanation: Explanation
  /** Of the experiment that runs, in a few words. */
  phase = ''
  private plan: Plan
  /** Whether the plan is the last one: what is begun one way is not ended another. */
  private decided = false
  private running: Trial | null = null
  private readonly halt = new AbortController()
  private ending: ExplanationState = 'stopped'
  private readonly listeners = new Set<() => void>()

  constructor(private readonly parts: ExplainingParts) {
    this.explanation = parts.explanation
    this.plan = this.planned()
    this.explanation = { ...this.explanation, ...this.answer() }
  }

  /** Works to the end, whatever it is. Never rejects. */
  async run(): Promise<void> {
    const { context, job } = this.parts
    try {
      if (!this.halt.signal.aborted) await this.work()
      const state = this.halt.signal.aborted ? this.ending : 'completed'
      await this.settle(state, null)
      if (state === 'completed') job.done()
      else job.cancelled()
    } catch (error) {
      const logId = context.log.error('an explanation ended badly', error, { explanationId: this.explanation.id })
      const data = toErrorData(error)
      const shown = { ...data, details: { ...data.details, logId } }
      await this.settle('failed', shown).catch((failure: unknown) =>
        context.log.error('an explanation could not be settled', failure, { explanationId: this.explanation.id })
      )
      job.fail(shown)
    }
  }

  /** Ends at once; the answer is that of the experiments that are done. */
  stop(as: ExplanationState = 'stopped'): void {
    if (this.halt.signal.aborted) return
    this.ending = as
    this.halt.abort()
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  source(): FeedSource<ExplanationEvent> {
    let seen: { explanation: Explanation | null; phase: string } = { explanation: null, phase: '' }
    return {
      subscribe: (wake) => this.onChange(wake),
      ended: () => this.explanation.endedAt !== null,
      take: () => {
        const { explanation, phase } = this
        if (seen.explanation === explanation && seen.phase === phase) return []
        seen = { explanation, phase }
        return [{ explanation, phase }]
      }
    }
  }

  private async work(): Promise<void> {
    this.parts.budget.begin()
    await this.update({ state: 'running' })
    for (let next = await this.next(); next && !this.halt.signal.aborted; next = await this.next()) {
      await this.make(next)
      await this.update()
    }
  }

  /** The next experiment that has to be made; what is known already is taken in on the way. Null: nothing is left, or no room. */
  private async next(): Promise<Trial | null> {
    const { trials, budget } = this.parts
    for (;;) {
      this.plan = this.planned()
      const open = this.plan.steps.filter((step) => !trials.made.has(stepKey(step)))
      if (open.length === 0) return null
      if (await this.takeStored(open)) {
        await this.update()
        continue
      }
      const step = open.find((one) => this.fits(one))
      if (!step) return null
      const why = trials.hopelessness(step)
      if (why === null) return budget.left > 0 ? trials.trial(step) : null
      trials.settle(trials.trial(step), { outcome: null, cached: false, diverged: false, error: why })
    }
  }

  private fits(step: Step): boolean {
    const { trials, budget } = this.parts
    if (!budget.known) return true
    const { train, features } = budget.cost()
    return train + (trials.needsFeatures(trials.trial(step)) ? features : 0) <= budget.left
  }

  /** Takes in what other explanations have found. @returns whether there was any */
  private async takeStored(steps: readonly Step[]): Promise<boolean> {
    const { trials, context } = this.parts
    const open = steps.map((step) => trials.trial(step))
    const stored = await context.store.explanations.experiments([...new Set(open.map(({ id }) => id))])
    const byId = new Map(stored.map((each) => [each.id, each]))
    const found = open.filter(({ id }) => byId.get(id)?.correct.length === this.explanation.testImages)
    for (const trial of found) {
      const { correct, seconds, diverged } = byId.get(trial.id)!
      trials.settle(trial, { outcome: { correct, seconds }, cached: true, diverged, error: null })
    }
    return found.length > 0
  }

  private async make(trial: Trial): Promise<void> {
    const { context, grounds, trials, budget, explanation } = { ...this.parts, explanation: this.explanation }
    const { signal } = this.halt
    const place = holdPlace({
      explanations: context.store.explanations,
      id: explanation.id,
      isAlive: context.isAlive,
      signal,
      onWaiting: (name) => this.tell(`Waiting for '${name}'`)
    })
    const release = await budget.waiting(place)
    if (!release) return
    this.running = trial
    this.explanation = { ...this.explanation, experiments: trials.shown(this.plan.steps, trial.step) }
    const startedAt = performance.now()
    try {
      this.tell(PHASE_WORDS.load)
      const made = await runExperiment(context, grounds, trial.config, signal, ({ phase }) =>
        this.tell(PHASE_WORDS[phase])
      )
      budget.add({ seconds: (performance.now() - startedAt) / 1000, features: made.features })
      const { correct, seconds, diverged } = made
      trials.settle(trial, { outcome: { correct, seconds }, cached: false, diverged, error: null })
      await context.store.explanations.saveExperiment(
        { id: trial.id, accuracy: shareOf(correct), seconds, diverged, correct },
        { datasetHash: grounds.dataset.contentHash, config: trial.config }
      )
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof StudioError) || this.isEnd(trial.step)) throw error
      context.log.error('an experiment failed', error, { id: trial.id })
      trials.settle(trial, { outcome: null, cached: false, diverged: false, error: error.message })
    } finally {
      this.running = null
      await release()
    }
  }

  /** Without its two ends there is no gap to explain. */
  private isEnd({ coalition }: Step): boolean {
    return coalition === 0 || coalition === 2 ** this.parts.difference.factors.length - 1
  }

  /** First both ends of every factor. Once they are known, and with them what a training takes, as much more as there is room for. */
  private planned(): Plan {
    const { trials, budget, difference } = this.parts
    const { seeds } = this.explanation
    const plan = (affordable: number): Plan => planSteps({ factors: difference.factors.length, seeds, affordable })
    if (this.decided) return this.plan
    const ends = plan(0)
    if (ends.steps.some((step) => !trials.made.has(stepKey(step)))) return ends
    this.decided = true
    const features = trials.newFeatures(plan(Infinity).steps)
    return plan(trials.made.size + budget.room(features))
  }

  private answer(): Partial<Explanation> {
    const { trials, budget, difference, leftover, contracts } = this.parts
    const { seeds, measured } = this.explanation
    const input = { factors: difference.factors.length, seeds, plan: this.plan, outcomes: trials.outcomes() }
    const shown = assemble({ answer: answerOf(input), difference, leftover, measured, contracts })
    const experiments = trials.shown(this.plan.steps, this.running?.step ?? null)
    const answered = { ...this.explanation, ...shown, experiments }
    return {
      ...shown,
      experiments,
      spentSeconds: budget.spent,
      remainingSeconds: this.remaining(),
      verdict: verdictOf(answered)
    }
  }

  private remaining(): number | null {
    const { trials, budget } = this.parts
    if (!budget.known) return null
    const { train, features } = budget.cost()
    const open = this.plan.steps.filter((step) => !trials.made.has(stepKey(step)))
    return Math.min(budget.left, open.length * train + trials.newFeatures(open) * features)
  }

  private async update(changes: Partial<Explanation> = {}): Promise<void> {
    const { context, job } = this.parts
    this.explanation = { ...this.explanation, ...changes, ...this.answer() }
    const { experiments, remainingSeconds } = this.explanation
    const done = experiments.filter(({ state }) => state === 'done' || state === 'failed').length
    const phase = `Experiment ${Math.min(done + 1, experiments.length)} of ${experiments.length}`
    job.progress({ phase, done, total: experiments.length, etaSeconds: remainingSeconds })
    this.changed()
    await context.store.explanations.save(this.explanation)
  }

  private async settle(state: ExplanationState, error: Explanation['error']): Promise<void> {
    this.phase = ''
    const answer = this.answer()
    const experiments = (answer.experiments ?? []).filter((one) => one.state === 'done' || one.state === 'failed')
    this.explanation = {
      ...this.explanation,
      ...answer,
      state,
      error,
      experiments,
      remainingSeconds: null,
      endedAt: Date.now()
    }
    this.changed()
    await this.parts.context.store.explanations.save(this.explanation)
  }

  private tell(phase: string): void {
    this.phase = phase
    this.changed()
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
