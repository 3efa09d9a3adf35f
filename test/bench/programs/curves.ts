/** Curves out of the store: RUNS STEPS PIXELS. The store is filled once; then, a line of work, each question once. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { curvesRequestSchema, type CurvesRequest } from '@shared/domain/curves'
import { openDatabase } from '../../../main/store/database'
import { openStoreInProcess } from '../../../main/store/open-in-process'
import { curveQueries } from '../../../main/store/queries/curves'
import { fillStore } from '../support/synthetic-store'
import { serveLines } from './serve-lines'

const SEEDS = 10

async function main([runs, steps, pixels]: number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'curves-'))
  const file = join(folder, 'whetstone.db')
  const store = await openStoreInProcess(file)
  const runIds = await fillStore(store, { runs: runs!, metrics: 1, steps: steps!, seed: 1 })
  await store.close()
  const connection = await openDatabase(file)
  const groups = Array.from({ length: runs! / SEEDS }, (_, place) => runIds.slice(place * SEEDS, (place + 1) * SEEDS))

  await serveLines(async () => {
    // Its own each time: nothing is in memory at the first question.
    const queries = curveQueries(connection)
    const answer: Record<string, number> = {}
    const time = async (name: string, request: Partial<CurvesRequest>): Promise<void> => {
      const whole = curvesRequestSchema.parse({ runIds, series: 'train_loss', pixels, ...request })
      const began = performance.now()
      await queries.curves(whole)
      answer[name] = performance.now() - began
    }
    await time('first', {})
    await time('zoom', { from: steps! * 0.4, to: steps! * 0.6 })
    await time('smoothed', { smoothing: 0.9 })
    await time('seeds', { runIds: [], groups })
    return answer
  })
  connection.sqlite.close()
  rmSync(folder, { recursive: true })
}

void main(process.argv.slice(2).map(Number))
