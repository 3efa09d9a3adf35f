/** Runs that differ in nothing but their seeds belong together: the group is what a change of settings is held against. */
import type { GroupTest, SeedGroup } from '@shared/domain/comparison'
import type { Run } from '@shared/domain/run'
import { holm } from '@shared/statistics/holm'
import { pairedBootstrap } from '@shared/statistics/paired-bootstrap'
import { mean, seedTest } from '@shared/statistics/seed-test'
import { settingsOf, type RunSettings } from './differences'
import { accuracyOn, type Outcomes } from './outcomes'

/** A run that was tested. */
export interface TestedRun extends RunSettings {
  outcomes: Outcomes
}

/** What a run is apart from its seed: data and settings. On what it was trained, and under which name, is no part of it. */
function groupKey(run: RunSettings): string {
  const settings = [...settingsOf(run)].filter(
    ([key, { kind }]) => kind !== 'environment' && key !== 'seed' && key !== 'preset'
  )
  return JSON.stringify(settings.map(([key, { value }]) => [key, value]))
}

/** Runs of one seed trained twice are two of its group, as they would be with GPUs that never repeat themselves. */
export function groupBySeed<R extends RunSettings>(runs: readonly R[]): R[][] {
  const groups = new Map<string, R[]>()
  for (const run of runs) {
    const key = groupKey(run)
    const group = groups.get(key)
    if (group) group.push(run)
    else groups.set(key, [run])
  }
  return [...groups.values()]
}

/** @param images keys of test images that all have */
export function seedGroup(
  runs: readonly TestedRun[],
  images: readonly string[],
  name: (run: Run) => string
): SeedGroup {
  const accuracies = runs.map(({ outcomes }) => accuracyOn(outcomes, images))
  return {
    name: name(runs[0]!.run),
    runIds: runs.map(({ run }) => run.id),
    seeds: runs.map(({ run }) => run.config.seed),
    accuracies,
    mean: mean(accuracies)
  }
}

/** Every other group against the best one. */
export function groupTests(
  groups: readonly SeedGroup[],
  members: readonly (readonly TestedRun[])[],
  images: readonly string[]
): GroupTest[] {
  const best = groups.reduce((leader, group, index) => (group.mean > groups[leader]!.mean ? index : leader), 0)
  const shares = members.map((runs) => meanOutcomes(runs, images))
  const tests = groups.flatMap((group, index) => {
    if (index === best) return []
    const test = seedTest(group.accuracies, groups[best]!.accuracies)
    const { low, high, p } = pairedBootstrap(shares[index]!, shares[best]!)
    return {
      a: index,
      b: best,
      difference: groups[best]!.mean - group.mean,
      seeds: test && { method: test.method, df: test.df, low: test.low, high: test.high, p: test.p },
      images: { count: images.length, low, high, p }
    }
  })
  const corrected = holm(tests.map(({ seeds, images: byImages }) => (seeds ?? byImages).p))
  return tests.map((test, index) => ({ ...test, corrected: corrected[index]! }))
}

/** How many of the runs got each image right, as a share. */
function meanOutcomes(runs: readonly TestedRun[], images: readonly string[]): Float64Array {
  return Float64Array.from(
    images,
    (key) => runs.filter(({ outcomes }) => outcomes.get(key)!.correct).length / runs.length
  )
}
