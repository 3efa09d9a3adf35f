/** Curves out of the database: what is asked for, cut down there, with every extreme. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { unpackColumn, unpackPoints } from '@shared/curves/pack'
import { curvesRequestSchema, curvesSchema, type CurvesRequest } from '@shared/domain/curves'
import type { MetricPoint } from '@shared/domain/run'
import { openDatabase, type Connection } from '../../main/store/database'
import { openStoreInProcess } from '../../main/store/open-in-process'
import { curveColumns } from '../../main/store/queries/curve-columns'
import { curveQueries } from '../../main/store/queries/curves'
import type { Store } from '../../main/store/store'
import { addDataset, newImage, newRun } from '../fixtures/store'

const STEPS = 10_000
const SPIKE = 6173

let folder: string
let file: string
let store: Store
let datasetId: string
/** Loss with one spike in 10,000 points, and a gap. */
let spiky: string

const point = (series: string, step: number, value: number | null, timeMs = step * 50): MetricPoint => ({
  series: series as MetricPoint['series'],
  step,
  epoch: step / 100,
  timeMs,
  value
})

async function addRun(points: MetricPoint[], settled = true): Promise<string> {
  const run = newRun(datasetId, settled ? { state: 'completed', endedAt: 5 } : { state: 'running' })
  await store.runs.create(run, process.pid)
  await store.runs.appendPoints(run.id, points)
  return run.id
}

const ask = (request: Partial<CurvesRequest>) =>
  store.runs.curves(curvesRequestSchema.parse({ series: 'train_loss', pixels: 500, ...request }))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  file = join(folder, 'whetstone.db')
  store = await openStoreInProcess(file)
  datasetId = await addDataset(store, [newImage('cat/1.png')])
  spiky = await addRun(
    Array.from({ length: STEPS }, (_, index) => {
      const value = index === SPIKE ? 50 : index === 2000 ? null : Math.exp(-index / 3000)
      return point('train_loss', index, value)
    })
  )
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

describe('runs.curves', () => {
  it('shows one spike in 10,000 points at every zoom, with the gap', async () => {
    for (let from = 0, to = STEPS; to - from > 10; from += (SPIKE - from) / 2, to -= (to - SPIKE) / 2) {
      for (const pixels of [3, 100, 1000]) {
        const answer = curvesSchema.parse(await ask({ runIds: [spiky], from, to, pixels }))
        const { x, y } = unpackPoints(answer.curves[0]!.points)
        expect(y[x.indexOf(SPIKE)]).toBe(50)
        expect(x.length).toBeLessThanOrEqual(pixels * 5 + 2)
        if (from < 2000) expect(y.some(Number.isNaN)).toBe(true)
        expect(answer.bounds).toEqual([0, STEPS - 1])
        expect(answer.curves[0]!.count).toBe(STEPS)
      }
    }
  })

  it('answers by step, by epoch and by seconds', async () => {
    const last = async (x: CurvesRequest['x']) =>
      unpackPoints((await ask({ runIds: [spiky], x })).curves[0]!.points).x.at(-1)
    expect([await last('step'), await last('epoch'), await last('time')]).toEqual([9999, 99.99, 499.95])
  })

  it('puts points in order whose clock went back', async () => {
    const id = await addRun([point('loss', 1, 1, 1000), point('loss', 2, 2, 3000), point('loss', 3, 3, 2000)])
    const { curves } = await ask({ runIds: [id], series: 'loss', x: 'time' })
    const { x, y } = unpackPoints(curves[0]!.points)
    expect([[...x], [...y]]).toEqual([
      [1, 2, 3],
      [1, 3, 2]
    ])
  })

  it('smooths the whole series before it is cut down', async () => {
    const { curves } = await ask({ runIds: [spiky], smoothing: 0.9, from: SPIKE - 5, to: SPIKE + 5 })
    const smoothed = unpackPoints(curves[0]!.smoothed!)
    expect(smoothed.x).toEqual(unpackPoints(curves[0]!.points).x)
    // After the spike its weight falls slowly; before it, the curve knows nothing of it.
    expect(smoothed.y[smoothed.x.indexOf(SPIKE - 1)]).toBeLessThan(1)
    expect(smoothed.y[smoothed.x.indexOf(SPIKE + 3)]).toBeGreaterThan(0.25)
    expect((await ask({ runIds: [spiky] })).curves[0]!.smoothed).toBeNull()
  })

  it('gives seeds as mean and band, aligned by step even on a clock', async () => {
    const ids = await Promise.all(
      [1, 2, 6].map((value) => addRun([1, 2, 3].map((step) => point('loss', step, value * step, step * value * 1000))))
    )
    const { groups, bounds } = await ask({ groups: [[...ids, spiky]], series: 'loss', x: 'time' })
    const [group] = groups
    expect(group!.runs).toBe(3)
    expect([...unpackColumn(group!.mean.x)]).toEqual([3, 6, 9])
    expect([...unpackColumn(group!.mean.y)]).toEqual([3, 6, 9])
    expect([...unpackColumn(group!.band.low)]).toEqual([1, 2, 3])
    expect([...unpackColumn(group!.band.high)]).toEqual([6, 12, 18])
    expect(bounds).toEqual([1, 18])
    const deviation = await ask({ groups: [ids], series: 'loss', band: 'deviation' })
    expect(unpackColumn(deviation.groups[0]!.band.high)[0]).toBeCloseTo(3 + Math.sqrt(7), 12)
  })

  it('has no points where a run has no such series, and refuses a run that is not there', async () => {
    const answer = await ask({ runIds: [spiky], series: 'nonesuch' })
    expect(answer).toMatchObject({ bounds: null, curves: [{ count: 0, points: { x: '', y: '' } }] })
    await expect(ask({ runIds: ['nobody'] })).rejects.toMatchObject({ code: 'run/not-found' })
  })

  it('sees what a run that goes on has learnt since, and what a settled one was given anew', async () => {
    const live = await addRun([point('loss', 1, 1)], false)
    const count = async (id: string) => (await ask({ runIds: [id], series: 'loss' })).curves[0]!.count
    expect(await count(live)).toBe(1)
    await store.runs.appendPoints(live, [point('loss', 2, 2)])
    expect(await count(live)).toBe(2)
    const settled = await addRun([point('loss', 1, 1)])
    expect(await count(settled)).toBe(1)
    await store.runs.appendPoints(settled, [point('loss', 5, 2)])
    expect(await count(settled)).toBe(2)
  })

  it('names the series and how many runs have each', async () => {
    const other = await addRun([point('val/mAP@50', 1, 0.5), point('train_loss', 1, 1), point('train_loss', 2, 1)])
    expect(await store.runs.seriesOf([spiky, other])).toEqual([
      { name: 'train_loss', runs: 2 },
      { name: 'val/mAP@50', runs: 1 }
    ])
    expect(await store.runs.seriesOf([await addRun([])])).toEqual([])
  })
})

describe('what it asks of SQLite', () => {
  let connection: Connection
  const statements: string[] = []

  beforeAll(async () => {
    connection = await openDatabase(file)
    const prepare = connection.sqlite.prepare.bind(connection.sqlite)
    connection.sqlite.prepare = ((source: string) => {
      statements.push(source)
      return prepare(source)
    }) as typeof connection.sqlite.prepare
  })
  beforeEach(() => void (statements.length = 0))
  afterAll(() => connection.sqlite.close())

  const reads = (): number => statements.filter((source) => source.includes('select value from metric_points')).length

  it('is found by the primary key, in its order', async () => {
    const queries = curveQueries(connection)
    for (const x of ['step', 'epoch', 'time'] as const) {
      await queries.curves(curvesRequestSchema.parse({ runIds: [spiky], series: 'train_loss', x, pixels: 10 }))
    }
    await queries.seriesOf([spiky])
    const plans = [...statements].map((source) =>
      connection.sqlite
        .prepare<unknown[], { detail: string }>(`explain query plan ${source.replaceAll('?', 'null')}`)
        .all()
        .map(({ detail }) => detail)
    )
    const steps = plans.flat()
    expect(plans.length).toBeGreaterThan(6)
    expect(steps.filter((step) => /SCAN (runs|metric_points)|TEMP B-TREE/.test(step))).toEqual([])
    expect(steps.filter((step) => step.includes('metric_points USING PRIMARY KEY')).length).toBeGreaterThan(6)
  })

  it('is not asked again for a settled run, and forgets what was used longest ago', async () => {
    const kept = curveColumns(connection)
    const run = kept.run(spiky)
    expect(kept.read(run, 'train_loss', 'step')).toBe(kept.read(run, 'train_loss', 'step'))
    expect(reads()).toBe(1)
    kept.read(run, 'train_loss', 'epoch')
    expect(reads()).toBe(2)

    const small = curveColumns(connection, STEPS * 16)
    for (const axis of ['step', 'epoch', 'step'] as const) small.read(run, 'train_loss', axis)
    expect(reads()).toBe(5)
  })
})
