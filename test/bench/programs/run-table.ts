/** Filter and sort in the store: RUNS METRICS STEPS. The store is filled once; then a question a line, of those below in turn. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runQuerySchema } from '@shared/domain/run-query'
import { openStoreInProcess } from '../../../main/store/open-in-process'
import { fillStore } from '../support/synthetic-store'
import { serveLines } from './serve-lines'

/** None of them is a question that SQLite could have an answer kept for: each has a number of its own. */
const question = (turn: number) => ({
  filtered: {
    filter: `preset = default and test.accuracy > ${String(0.7 + (turn % 20) / 1000)}`,
    sort: [{ key: 'test.accuracy', descending: true }],
    facets: []
  },
  sorted: {
    filter: `test.accuracy > ${String((turn % 20) / 1000)}`,
    sort: [{ key: 'best.validation_loss' }],
    facets: []
  },
  words: {
    filter: `${String(turn % 100)} lite`,
    sort: [{ key: 'head.learningRate' }, { key: 'last.train_loss' }],
    facets: []
  },
  counted: { filter: `test.accuracy > ${String(0.8 + (turn % 20) / 1000)}`, sort: [{ key: 'test.accuracy' }] },
  grouped: { groupBy: ['preset', 'backbone'], columns: ['test.accuracy'], facets: [], limit: 0 }
})

async function main([runs, metrics, steps]: number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'run-table-'))
  const store = await openStoreInProcess(join(folder, 'whetstone.db'))
  await fillStore(store, { runs: runs!, metrics: metrics!, steps: steps!, seed: 1 })
  let turn = 0
  await serveLines(async () => {
    const answer: Record<string, number> = {}
    turn++
    for (const [name, asked] of Object.entries(question(turn))) {
      const query = runQuerySchema.parse(asked)
      const began = performance.now()
      await store.runs.table(query)
      answer[name] = performance.now() - began
    }
    return answer
  })
  await store.close()
  rmSync(folder, { recursive: true })
}

void main(process.argv.slice(2).map(Number))
