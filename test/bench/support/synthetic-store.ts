/** A home's database full of synthetic runs, written through the store's own queries. */
import type { Store } from '../../../main/store/store'
import { newImage, newImport } from '../../fixtures/store'
import { syntheticRuns, type SyntheticOptions } from './synthetic-runs'

const DATASET = { id: 'synthetic', name: 'Synthetic', root: '/synthetic', source: 'folder', splitSeed: 1 } as const

/** @param store best opened in process: nothing is copied then. @returns the runs' ids, oldest first */
export async function fillStore(store: Store, options: SyntheticOptions): Promise<string[]> {
  const ids: string[] = []
  if (!(await store.datasets.get(DATASET.id))) {
    await store.datasets.create(DATASET, process.pid)
    await store.datasets.applyImport(DATASET.id, newImport([newImage('a/1.png'), newImage('b/1.png')]))
  }
  for (const { run, points } of syntheticRuns(options)) {
    await store.runs.create(run, process.pid)
    if (options.metrics > 0 && options.steps > 0) await store.runs.appendPoints(run.id, points())
    ids.push(run.id)
  }
  return ids
}
