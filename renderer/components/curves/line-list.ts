/** The lines that all charts of a comparison share: one for each run, or for each set of seeds. */
import type { Run } from '@shared/domain/run'
import { flattenConfig } from '@shared/domain/training-config'

/** What a line stands for: a run, or several that differ by their seed alone. */
export interface LineSource {
  id: string
  label: string
  /** Index into the palette. */
  color: number
  runs: readonly Run[]
}

/** The same for runs that differ by nothing but their seed, on the same images. Imported runs have settings of their own. */
export function seedKey({ id, config, datasetHash, imported }: Run): string {
  if (imported) return id
  const settings = Object.entries(flattenConfig(config)).filter(([key]) => !/(^|\.)seed$/i.test(key))
  return JSON.stringify([datasetHash, settings])
}

/** @param together whether runs that differ by their seed alone are one line */
export function lineSources(runs: readonly Run[], together: boolean): LineSource[] {
  const groups = new Map<string, Run[]>()
  for (const run of runs) {
    const key = together ? seedKey(run) : run.id
    const group = groups.get(key)
    if (group) group.push(run)
    else groups.set(key, [run])
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Run, ...Run[]]
    return {
      id: first.id,
      label: group.length > 1 ? `${group.length} × ${first.name}` : first.name,
      color: first.color,
      runs: group
    }
  })
}

/** Whether any two of these runs differ by their seed alone. */
export function haveSeeds(runs: readonly Run[]): boolean {
  return new Set(runs.map(seedKey)).size < runs.length
}
