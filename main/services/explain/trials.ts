/** The experiments of one explanation: which configuration each step is, what came of it, which kinds of features are there. */
import type { GapExperiment } from '@shared/domain/explanation'
import type { TrainingConfig } from '@shared/domain/training-config'
import { grandCoalition } from '@shared/statistics/shapley'
import type { Outcome } from './answer'
import { experimentId, type Grounds } from './experiment'
import type { Difference } from './factors'
import { stepKey, type Step } from './plan'
import { configOf, mixed, type Contracts } from './settings'

export interface Trial {
  step: Step
  config: TrainingConfig
  id: string
  /** Two trials with the same one share their features. */
  featureKey: string
}

/** What is known of a trial that was made, or could not be. */
export interface Made {
  outcome: Outcome | null
  cached: boolean
  diverged: boolean
  error: string | null
}

export class Trials {
  readonly made = new Map<string, Made>()
  private readonly trials = new Map<string, Trial>()
  private readonly featuresThere = new Set<string>()
  /** Of what failed on one seed, nothing is tried on another. */
  private readonly hopeless = new Map<number, string>()

  constructor(
    private readonly difference: Difference,
    private readonly grounds: Grounds,
    private readonly contracts: Contracts
  ) {}

  /** All factors as in B. */
  get everything(): number {
    return grandCoalition(this.difference.factors.length)
  }

  /** @throws StudioError config/invalid */
  trial(step: Step): Trial {
    const key = stepKey(step)
    const known = this.trials.get(key)
    if (known) return known
    const { a, b, factors } = this.difference
    const keys = factors.flatMap((factor, index) => (step.coalition & (1 << index) ? factor.keys : []))
    const config = { ...configOf(mixed(a, b, keys), this.contracts), seed: step.seed }
    const { backboneId, contract, frozenPrecision } = config
    const featureKey = JSON.stringify([backboneId, contract, frozenPrecision])
    const trial = { step, config, id: experimentId(config, this.grounds), featureKey }
    this.trials.set(key, trial)
    return trial
  }

  settle({ step, featureKey }: Trial, made: Made): void {
    this.made.set(stepKey(step), made)
    if (made.outcome && !made.cached) this.featuresThere.add(featureKey)
    if (made.error) this.hopeless.set(step.coalition, made.error)
  }

  /** Why it need not be tried, or null. */
  hopelessness({ coalition }: Step): string | null {
    return this.hopeless.get(coalition) ?? null
  }

  needsFeatures({ featureKey }: Trial): boolean {
    return !this.featuresThere.has(featureKey)
  }

  outcomes(): Map<string, Outcome> {
    return new Map([...this.made].flatMap(([key, { outcome }]) => (outcome ? [[key, outcome]] : [])))
  }

  /** How many kinds of features the steps that are to come need besides those that are there. */
  newFeatures(steps: readonly Step[]): number {
    const needed = new Set<string>()
    for (const step of steps) {
      if (this.made.has(stepKey(step))) continue
      const trial = this.trial(step)
      if (this.needsFeatures(trial)) needed.add(trial.featureKey)
    }
    return needed.size
  }

  shown(steps: readonly Step[], running: Step | null): GapExperiment[] {
    const { factors } = this.difference
    return steps.map((step): GapExperiment => {
      const made = this.made.get(stepKey(step))
      const isRunning = running !== null && stepKey(running) === stepKey(step)
      return {
        id: this.trial(step).id,
        factors: factors.filter((_, index) => step.coalition & (1 << index)).map(({ id }) => id),
        seed: step.seed,
        state: made ? (made.outcome ? 'done' : 'failed') : isRunning ? 'running' : 'planned',
        accuracy: made?.outcome ? shareOf(made.outcome.correct) : null,
        seconds: made?.outcome?.seconds ?? null,
        cached: made?.cached ?? false,
        diverged: made?.diverged ?? false,
        error: made?.error ?? null
      }
    })
  }
}

export function shareOf(correct: Uint8Array): number {
  let right = 0
  for (const one of correct) right += one
  return correct.length === 0 ? 0 : right / correct.length
}
