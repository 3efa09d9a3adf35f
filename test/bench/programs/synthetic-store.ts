/** Fills FILE (a home's whetstone.db) with synthetic runs: FILE RUNS METRICS STEPS [SEED]. */
import { openStoreInProcess } from '../../../main/store/open-in-process'
import { fillStore } from '../support/synthetic-store'

async function main([file, ...sizes]: string[]): Promise<void> {
  const [runs, metrics, steps, seed = 1] = sizes.map(Number)
  if (!file || runs === undefined || metrics === undefined || steps === undefined) {
    throw new Error('FILE RUNS METRICS STEPS [SEED]')
  }
  const store = await openStoreInProcess(file)
  await fillStore(store, { runs, metrics, steps, seed })
  await store.close()
}

void main(process.argv.slice(2))
