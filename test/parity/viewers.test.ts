/** Runs in TensorBoard's and MLflow's files: what we write, read by their own loaders, and what they write, read by ours. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { MetricPoint, Run } from '@shared/domain/run'
import { InteropService } from '../../main/services/interop/interop'
import { JobsService } from '../../main/services/jobs/jobs'
import { openStoreInProcess } from '../../main/store/open-in-process'
import type { Store } from '../../main/store/store'
import { pythonEnvironment } from '../bench/contenders'
import { addDataset, newImage, newRun } from '../fixtures/store'

const STEPS = 40
const STARTED = 1_700_000_000_000

let python: string
let folder: string
let store: Store
let interop: InteropService
let run: Run

beforeAll(async () => void (python = await pythonEnvironment('viewers')))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-viewers-'))
  store = await openStoreInProcess(join(folder, 'whetstone.db'))
  interop = new InteropService({ runs: store.runs, jobs: new JobsService() })
  const datasetId = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')])
  run = {
    ...newRun(datasetId),
    name: 'ünder/cover: 1',
    state: 'completed',
    startedAt: STARTED,
    endedAt: STARTED + 60_000,
    test: { accuracy: 0.9, loss: 0.25, macroF1: 0.875, count: 100 },
    tags: ['good'],
    notes: 'two lines\nof it'
  }
  await store.runs.create(run, process.pid)
  await store.runs.appendPoints(run.id, points)
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

/** One of them NaN. */
const points = Array.from({ length: STEPS }, (_, index): MetricPoint[] => {
  const place = { step: index + 1, epoch: (index + 1) / 10, timeMs: index * 250 }
  return [
    { series: 'train_loss', ...place, value: index === 7 ? null : 1 / (index + 3) },
    { series: 'learning_rate', ...place, value: 0.001 * (index + 1) }
  ]
}).flat()

const pointsOf = (series: string) => points.filter((point) => point.series === series)

async function peer<Answer>(work: string, root: string): Promise<Answer> {
  const script = join(import.meta.dirname, 'viewers_peer.py')
  const { stdout } = await promisify(execFile)(python, [script, work, root], { maxBuffer: 1 << 26 })
  return JSON.parse(stdout) as Answer
}

/** Settings and points of a run of the store, without what is the store's own. */
async function stored(name: string): Promise<Pick<Run, 'imported' | 'state'> & { points: MetricPoint[] }> {
  const found = (await store.runs.list()).find((each) => each.name === name && each.imported)
  return { imported: found!.imported, state: found!.state, points: await store.runs.points(found!.id) }
}

type Scalars = Record<string, [step: number, value: number | null, seconds: number][]>

describe('TensorBoard', () => {
  it('reads what was written for it: every point, the settings, the figures of the test', async () => {
    const root = join(folder, 'logs')
    const { folders } = await interop.export('tensorboard', root, [run.id])
    expect(folders).toHaveLength(1)
    const runs = await peer<Record<string, { scalars: Scalars; settings: Record<string, unknown>; group: string }>>(
      'read-tensorboard',
      root
    )
    const [name, read] = Object.entries(runs)[0]!
    expect(name).toBe('ünder_cover_ 1')
    expect(read.group).toBe(run.datasetName)
    expect(read.settings).toMatchObject({
      'head.learningRate': 0.001,
      backboneId: 'efficientnet-lite0',
      contract: null
    })
    for (const series of ['train_loss', 'learning_rate']) {
      const wanted = pointsOf(series).map(({ step, value }) => [step, value === null ? null : Math.fround(value)])
      expect(read.scalars[series]!.map(([step, value]) => [step, value])).toEqual(wanted)
    }
    const seconds = read.scalars['train_loss']!.map((point) => point[2])
    expect(seconds).toEqual(pointsOf('train_loss').map(({ timeMs }) => (STARTED + timeMs) / 1000))
    expect(read.scalars['test_accuracy']).toEqual([[STEPS, Math.fround(0.9), (STARTED + 60_000) / 1000]])
  })

  it('writes what is read here: both kinds of scalars, Keras’ two halves as one run, the settings', async () => {
    const root = join(folder, 'theirs')
    await peer('write-tensorboard', root)
    const { added, notes } = await interop.import('tensorboard', root)
    expect(added.map(({ name }) => name).sort()).toEqual(['new', 'old'])
    expect(notes).toEqual([])
    const old = await stored('old')
    expect(old.imported).toMatchObject({
      source: 'tensorboard',
      settings: { rate: 0.125, optimizer: 'adam', flip: true }
    })
    const losses = old.points.map(({ step, timeMs, value }) => [step, timeMs, value])
    expect(losses).toEqual(Array.from({ length: 50 }, (_, step) => [step, step * 1000, Math.fround(1 / (step + 1))]))
    const both = await stored('new')
    const halves = Object.groupBy(both.points, ({ series }) => series)
    expect(halves['train/epoch_loss']!.map(({ value }) => value)).toEqual(range(20).map((step) => 0.5 + step))
    expect(halves['validation/epoch_loss']!.map(({ value }) => value)).toEqual(range(20).map((step) => 0.25 + step))
  })

  it('there and back again: points, epochs, settings and times', async () => {
    const root = join(folder, 'logs')
    await interop.export('tensorboard', root, [run.id])
    await interop.export('tensorboard', root, [run.id])
    await interop.import('tensorboard', root)
    const back = await stored('ünder_cover_ 1')
    const wanted = points.map((point) => ({ ...point, ...toSingle(point) }))
    const kept = back.points.filter(({ series }) => series in { train_loss: 0, learning_rate: 0 })
    expect(kept.sort(byPlace)).toEqual(wanted.sort(byPlace))
    expect(back.imported!.settings).toMatchObject({ 'head.learningRate': 0.001, 'head.optimizer': 'adamw' })
  })
})

describe('MLflow', () => {
  interface Read {
    experiment: string
    status: string
    params: Record<string, string>
    tags: Record<string, string>
    history: Record<string, [step: number, value: number | null, timestamp: number][]>
  }

  it('reads what was written for it', async () => {
    const root = join(folder, 'mlruns')
    await interop.export('mlflow', root, [run.id])
    const read = (await peer<Record<string, Read>>('read-mlflow', root))[run.name]!
    expect(read).toMatchObject({ experiment: run.datasetName, status: 'FINISHED', tags: { good: 'true' } })
    expect(read.params).toMatchObject({ 'head.learningRate': '0.001', contract: 'None' })
    const wanted = pointsOf('train_loss').map(({ step, value, timeMs }) => [step, value, STARTED + timeMs])
    expect(read.history['train_loss']).toEqual(wanted)
    expect(read.history['test_accuracy']).toEqual([[STEPS, 0.9, STARTED + 60_000]])
  })

  it('writes what is read here', async () => {
    const root = join(folder, 'mlruns')
    await peer('write-mlflow', root)
    const { added, notes } = await interop.import('mlflow', root)
    expect(notes).toEqual([])
    expect(added).toHaveLength(1)
    const first = await stored('first')
    expect(first.state).toBe('failed')
    expect(first.imported!.settings).toEqual({ rate: 0.125, optimizer: 'adam', flip: true })
    const losses = first.points.filter(({ series }) => series === 'validation/loss')
    expect(losses.map(({ value }) => value)).toEqual(range(50).map((step) => 1 / (step + 1)))
    expect(first.points.find(({ series }) => series === 'diverged')).toMatchObject({ step: 3, value: null })
  })

  it('there and back again, exactly; twice is the same run', async () => {
    const root = join(folder, 'mlruns')
    await interop.export('mlflow', root, [run.id])
    expect(await interop.import('mlflow', root)).toMatchObject({ added: [{ name: run.name }], updated: [] })
    expect(await interop.import('mlflow', root)).toMatchObject({ added: [], updated: [{ name: run.name }] })
    const back = await stored(run.name)
    const kept = back.points.filter(({ series }) => series in { train_loss: 0, learning_rate: 0 })
    expect(kept.sort(byPlace)).toEqual([...points].sort(byPlace))
  })
})

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

const byPlace = (a: MetricPoint, b: MetricPoint): number =>
  a.series === b.series ? a.step - b.step : a.series < b.series ? -1 : 1

/** Event files hold float32. */
const toSingle = ({ epoch, value }: MetricPoint) => ({
  epoch: Math.fround(epoch),
  value: value === null ? null : Math.fround(value)
})
