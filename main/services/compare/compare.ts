/** Two or more runs side by side: what differs between them, and whether their test results do. */
import type { Backbone } from '@shared/domain/backbone'
import type { Comparison } from '@shared/domain/comparison'
import type { Run } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import type { RunStore } from '../../store/store'
import { settingDifferences } from './differences'
import { keyedOutcomes, pairTest, sameImages } from './paired-test'
import { verdictSentence } from './verdict'

export interface CompareContext {
  runs: RunStore
  /** @throws StudioError backbone/not-found */
  backbone(id: string): Promise<Backbone>
}

export class CompareService {
  constructor(private readonly context: CompareContext) {}

  /** @throws StudioError run/not-found, compare/too-few */
  async compare(runIds: readonly string[]): Promise<Comparison> {
    const unique = [...new Set(runIds)]
    if (unique.length < 2) throw new StudioError('compare/too-few', 'There is only one run to compare.', { runIds })
    const runs = await Promise.all(unique.map((runId) => this.get(runId)))
    const [evaluations, outcomes, contracts] = await Promise.all([
      Promise.all(runs.map(({ id }) => this.context.runs.evaluation(id, 'test'))),
      Promise.all(runs.map(async ({ id }) => keyedOutcomes(await this.context.runs.testOutcomes(id)))),
      Promise.all(runs.map((run) => this.contractOf(run)))
    ])
    const [first, ...others] = outcomes
    const tests = others.map((other, index) => pairTest(runs[0]!.id, runs[index + 1]!.id, first!, other))
    const sameTestSet = sameImages(outcomes)
    return {
      runs,
      differences: settingDifferences(runs.map((run, index) => ({ run, contract: contracts[index] ?? null }))),
      evaluations,
      sameTestSet,
      tests,
      verdict: verdictSentence({ runs, outcomes, sameTestSet })
    }
  }

  private async get(runId: string): Promise<Run> {
    const run = await this.context.runs.get(runId)
    if (!run) throw new StudioError('run/not-found', `There is no run '${runId}'.`, { runId })
    return run
  }

  /** Null when the backbone of an old run is no longer there. */
  private async contractOf({ config }: Run): Promise<Backbone['contract'] | null> {
    if (config.contract) return config.contract
    try {
      return (await this.context.backbone(config.backboneId)).contract
    } catch {
      return null
    }
  }
}
