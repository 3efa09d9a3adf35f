/** Two or more runs side by side: what differs between them, and whether their test results do. */
import { setImmediate } from 'node:timers/promises'
import type { Backbone } from '@shared/domain/backbone'
import type { Comparison } from '@shared/domain/comparison'
import type { Run } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import type { RunStore } from '../../store/store'
import { settingDifferences } from './differences'
import { groupVerdict } from './group-verdict'
import { accuracyOn, commonImages, keyedOutcomes, sameImages } from './outcomes'
import { correctedTests, pairTest, type RawPairTest } from './paired-test'
import { groupBySeed, groupTests, seedGroup, type TestedRun } from './seed-groups'
import { verdictSentence } from './verdict'
import { distinctNames, listed } from './words'

export interface CompareContext {
  runs: RunStore
  /** @throws StudioError backbone/not-found */
  backbone(id: string): Promise<Backbone>
}

/** What the tests say, and the words for it. */
type Judgement = Pick<Comparison, 'sameTestSet' | 'best' | 'seedGroups' | 'verdict'>

export class CompareService {
  constructor(private readonly context: CompareContext) {}

  /** @throws StudioError run/not-found, compare/too-few */
  async compare(runIds: readonly string[]): Promise<Comparison> {
    const unique = [...new Set(runIds)]
    if (unique.length < 2) throw new StudioError('compare/too-few', 'There is only one run to compare.', { runIds })
    const runs = await Promise.all(unique.map((runId) => this.get(runId)))
    const evaluations = await Promise.all(runs.map(({ id }) => this.context.runs.evaluation(id, 'test')))
    const sides: TestedRun[] = []
    for (const run of runs) sides.push(await this.side(run))
    const first = sides[0]!
    return {
      runs,
      differences: settingDifferences(sides),
      evaluations,
      tests: correctedTests(await testsAgainst(sides.slice(1), (other) => [first, other])),
      ...(await judge(sides))
    }
  }

  private async side(run: Run): Promise<TestedRun> {
    const [outcomes, contract] = await Promise.all([this.context.runs.testOutcomes(run.id), this.contractOf(run)])
    // Whatever else the program does comes in between, one run after the other.
    await setImmediate()
    return { run, contract, outcomes: keyedOutcomes(run, outcomes) }
  }

  private async get(runId: string): Promise<Run> {
    const run = await this.context.runs.get(runId)
    if (!run) throw new StudioError('run/not-found', `There is no run '${runId}'.`, { runId })
    return run
  }

  /** Null when the backbone of an old run is no longer there. */
  private async contractOf({ config, imported }: Run): Promise<Backbone['contract'] | null> {
    if (imported) return null
    if (config.contract) return config.contract
    try {
      return (await this.context.backbone(config.backboneId)).contract
    } catch {
      return null
    }
  }
}

/** One test after the other, with room between them for whatever else the program does. */
async function testsAgainst(
  others: readonly TestedRun[],
  pair: (other: TestedRun) => [a: TestedRun, b: TestedRun]
): Promise<RawPairTest[]> {
  const tests: RawPairTest[] = []
  for (const other of others) {
    const [a, b] = pair(other)
    tests.push(pairTest(a.run.id, b.run.id, a.outcomes, b.outcomes))
    await setImmediate()
  }
  return tests
}

async function judge(sides: readonly TestedRun[]): Promise<Judgement> {
  const names = distinctNames(sides.map(({ run }) => run))
  const name = (runId: string): string => names.get(runId)!
  const tested = sides.filter(({ outcomes }) => outcomes.size > 0)
  const untested = sides.filter(({ outcomes }) => outcomes.size === 0).map(({ run }) => name(run.id))
  const missing =
    untested.length === 0 ? '' : `${listed(untested)} ${untested.length === 1 ? 'has' : 'have'} no test result.`
  const sameTestSet = untested.length === 0 && sameImages(sides.map(({ outcomes }) => outcomes))
  const nothing = { sameTestSet, best: null, seedGroups: null }
  if (tested.length < 2) return { ...nothing, verdict: missing }

  const images = commonImages(tested.map(({ outcomes }) => outcomes))
  if (images.length === 0) {
    const whose = listed(tested.map(({ run }) => name(run.id)))
    const apart = `${whose} were tested on different images: their accuracies cannot be compared.`
    return { ...nothing, verdict: `${apart} ${missing}`.trim() }
  }
  const accuracies = new Map(tested.map(({ run, outcomes }) => [run.id, accuracyOn(outcomes, images)]))
  const accuracyOf = (runId: string): number => accuracies.get(runId)!
  const best = await bestAgainstOthers(tested, accuracyOf)
  const onSameImages = sameImages(tested.map(({ outcomes }) => outcomes))
  const members = groupBySeed(tested)
  const groups = members.map((runs) => seedGroup(runs, images, ({ id }) => name(id)))
  const seedGroups = groups.length < tested.length ? { groups, tests: groupTests(groups, members, images) } : null
  const verdict = seedGroups
    ? groupVerdict({ ...seedGroups, count: images.length, sameTestSet: onSameImages })
    : verdictSentence({
        runs: tested.map(({ run }) => run),
        name,
        tests: best.tests,
        accuracyOf,
        sameTestSet: onSameImages
      })
  return { sameTestSet, best, seedGroups, verdict: `${verdict} ${missing}`.trim() }
}

async function bestAgainstOthers(
  tested: readonly TestedRun[],
  accuracyOf: (runId: string) => number
): Promise<NonNullable<Comparison['best']>> {
  const best = tested.reduce((leader, side) => (accuracyOf(side.run.id) > accuracyOf(leader.run.id) ? side : leader))
  const others = tested.filter((side) => side !== best)
  return { runId: best.run.id, tests: correctedTests(await testsAgainst(others, (other) => [other, best])) }
}
