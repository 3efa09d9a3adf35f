/** What a series comes to, kept while points arrive, is what the points themselves say. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { MetricPoint } from '@shared/domain/run'
import { openDatabase, type Connection } from '../../main/store/database'
import { createDispatcher } from '../../main/store/backend'
import { seriesUpkeep } from '../../main/store/run-table/series-upkeep'
import { addToSpark, emptySpark, packMeans, sparkValues, unpackMeans } from '../../main/store/run-table/spark'
import { newRun } from '../fixtures/store'

let folder: string
let connection: Connection
let call: (method: string, ...args: unknown[]) => Promise<unknown>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  connection = await openDatabase(join(folder, 'whetstone.db'))
  const dispatch = createDispatcher(connection)
  call = (method, ...args) => dispatch({ area: 'runs', method, args })
  const imported = { source: 'tensorboard' as const, origin: '/logs', settings: {} }
  await call('create', newRun('', { id: 'r', imported }), process.pid)
})
afterEach(async () => {
  connection.sqlite.close()
  await rm(folder, { recursive: true })
})

const summaries = (): unknown[] => connection.sqlite.prepare('select * from run_series order by series').all()

interface SparkRow {
  stride: number
  means: Uint8Array
  pending_sum: number
  pending_count: number
}

/** Kept as float32, so that the way to a mean shows in its last digits. */
const sparks = (): number[][] =>
  (connection.sqlite.prepare('select * from run_sparks order by series').all() as SparkRow[]).map((row) => [
    row.stride,
    row.pending_count,
    ...[...unpackMeans(row.means), row.pending_sum].map((mean) => Number(mean.toFixed(4)))
  ])

it('whatever is told, told again, cut and replaced', async () => {
  let state = 7
  const random = (below: number): number => (state = (state * 48271) % 2147483647) % below
  const names = ['train_loss', 'validation_loss', 'validation_accuracy', 'other/thing']
  let step = 0
  for (let round = 0; round < 120; round++) {
    const points = Array.from({ length: random(30) }, (): MetricPoint => {
      // Now and then a step that was told before.
      const at = random(40) === 0 ? random(step + 1) : (step += random(3))
      const value = random(12) === 0 ? null : random(1000) / 100
      return { series: names[random(4)]!, step: at, epoch: at / 10, timeMs: at, value }
    })
    const what = random(20)
    if (what === 0) await call('cutPoints', 'r', (step = random(step + 1)))
    else if (what === 1) await call('replacePoints', 'r', points)
    else await call('appendPoints', 'r', points)
    const incremental = [summaries(), sparks()]
    seriesUpkeep(connection.sqlite).rebuild(1)
    expect(incremental).toEqual([summaries(), sparks()])
  }
  const rows = connection.sqlite
    .prepare('select series, min, max, count, last, last_step from run_series order by series')
    .all()
  const asked = connection.sqlite.prepare(`
    select series, min(value) as min, max(value) as max, count(*) as count,
      (select value from metric_points as p where p.series = m.series order by step desc limit 1) as last, max(step) as last_step
    from metric_points as m group by series order by series`)
  expect(rows).toEqual(asked.all())
})

it('knows every series at the step with the lowest validation loss, the first of equals', async () => {
  const point = (series: string, step: number, value: number | null): MetricPoint => ({
    series,
    step,
    epoch: 0,
    timeMs: 0,
    value
  })
  const atBest = (): unknown =>
    connection.sqlite.prepare('select series, at_best from run_series order by series').raw().all()
  await call('appendPoints', 'r', [point('accuracy', 1, 0.1), point('accuracy', 5, 0.5)])
  expect(atBest()).toEqual([['accuracy', null]])
  await call('appendPoints', 'r', [
    point('validation_loss', 5, 2),
    point('validation_loss', 10, 1),
    point('validation_loss', 15, 1)
  ])
  expect(atBest()).toEqual([
    ['accuracy', 0.5],
    ['validation_loss', 1]
  ])
  // Of the best step, and told after it.
  await call('appendPoints', 'r', [point('accuracy', 10, 0.9), point('accuracy', 15, 0.7)])
  expect(atBest()).toContainEqual(['accuracy', 0.9])
  await call('appendPoints', 'r', [point('validation_loss', 20, null), point('validation_loss', 25, 0.5)])
  expect(atBest()).toContainEqual(['accuracy', 0.7])
  await call('cutPoints', 'r', 12)
  expect(atBest()).toContainEqual(['accuracy', 0.9])
})

it('a spark has at most 40 values, whose mean is that of the points', () => {
  const spark = emptySpark()
  for (let count = 1; count <= 5000; count++) {
    addToSpark(spark, Math.sin(count / 300))
    const values = sparkValues(spark)
    expect(values.length).toBeLessThanOrEqual(40)
    if (count > 40) expect(values.length).toBeGreaterThanOrEqual(20)
  }
  const means = spark.means.reduce((sum, mean) => sum + mean * spark.stride, 0) + spark.pendingSum
  const sum = Array.from({ length: 5000 }, (_, at) => Math.sin((at + 1) / 300)).reduce((a, b) => a + b, 0)
  expect(means).toBeCloseTo(sum, 8)
  expect(unpackMeans(packMeans(spark))).toEqual(spark.means.map(Math.fround))
})
