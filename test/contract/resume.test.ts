/** Runs that rest and go on, on a real database, with workers that follow a script. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { presetConfig } from '@shared/domain/presets'
import type { MetricPoint, RunCheckpoint, RunEvent } from '@shared/domain/run'
import type { FakeProcess, Script } from '../fixtures/fake-worker-host'
import { openRuns, type RunsFixture } from '../fixtures/runs-service'
import { newRun } from '../fixtures/store'
import { readJob, sendBeginning, sendEnd, sendEpoch } from '../fixtures/train-script'

let fixture: RunsFixture
afterEach(() => fixture.close())

const config = presetConfig('default', 'head')
const at = (step: number): RunCheckpoint => ({
  phase: 'head',
  step,
  epoch: step,
  epochs: 60,
  seconds: 100 * step,
  savedAt: 1_700_000_000_000
})
const best = { epoch: 1, validationLoss: 1, validationAccuracy: 0.5 }
const point = (step: number, value = 1 / step): MetricPoint => ({
  series: 'train_loss',
  step,
  epoch: step,
  timeMs: step * 10,
  value
})

/** Makes two epochs and a checkpoint after the first; ends as it is asked to; goes on from its checkpoint when resumed. */
const restingScript: Script = (request, worker) => {
  if (request.type === 'start') {
    const job = readJob(request)
    jobs.set(worker, request)
    mkdirSync(job.checkpoints.directory, { recursive: true })
    sendBeginning(worker)
    if (job.checkpoints.resume) {
      worker.send({ type: 'resumed', checkpoint: at(1), epochsDone: 1, best, points: [point(1)] })
      sendEpoch(worker, 2)
      sendEpoch(worker, 3)
      return void sendEnd(worker, job)
    }
    sendEpoch(worker, 1)
    worker.send({ type: 'checkpoint', checkpoint: at(1) })
    sendEpoch(worker, 2)
  } else if (request.type === 'pause') sendPaused(worker)
  else void sendEnd(worker, readJob(jobs.get(worker)!), 'stopped')
}
const jobs = new Map<FakeProcess, Record<string, unknown> & { type: string }>()

function sendPaused(worker: FakeProcess, checkpoint: RunCheckpoint | null = at(1)): void {
  const seconds = { features: 1.5, train: 98 }
  const features = { cached: 0, computed: 12 }
  const files = { predictionsFile: null, checkpointFile: null }
  worker.send({ type: 'finished', outcome: 'paused', checkpoint, epochsDone: 1, best, seconds, features, ...files })
  worker.exit(0)
}

async function startAndWait(epochs: number): Promise<string> {
  const run = await fixture.runs.start({ datasetId: await fixture.addDataset(), config, importSeconds: 2 })
  await vi.waitFor(async () => expect((await fixture.runs.get(run.id)).epochsDone).toBe(epochs))
  return run.id
}

test('a run rests with its checkpoint, without what came after it, and goes on to its end', async () => {
  fixture = await openRuns(restingScript)
  const { runs, store, jobs: list } = fixture
  const id = await startAndWait(2)
  expect(await store.runs.points(id)).toHaveLength(4)
  await runs.pause(id)
  const paused = await runs.settled(id)
  expect(paused).toMatchObject({ state: 'paused', checkpoint: at(1), epochsDone: 1, best, error: null, test: null })
  expect(paused.seconds).toMatchObject({ import: 2, features: 1.5, train: 98 })
  expect((await store.runs.points(id)).map(({ step }) => step)).toEqual([1, 1])
  expect(list.list()[0]).toMatchObject({ state: 'paused', runId: id })
  await expect(runs.pause(id)).rejects.toMatchObject({ code: 'run/not-pausable' })

  const resumed = await runs.resume(id)
  expect(resumed).toMatchObject({ id, state: 'queued', endedAt: null })
  await expect(runs.resume(id)).rejects.toMatchObject({ code: 'run/not-resumable' })
  const done = await runs.settled(id)
  expect(done).toMatchObject({ state: 'completed', epochsDone: 3, checkpoint: null, test: { count: 4 } })
  // Of the time before, only the rest is left out.
  expect(done.seconds!.total).toBeGreaterThan(102)
  expect(done.seconds!.total).toBeLessThan(110)
  expect(Date.now() - done.startedAt!).toBeGreaterThan(100_000)
  const losses = (await store.runs.points(id)).filter(({ series }) => series === 'train_loss')
  expect(losses.map(({ step }) => step)).toEqual([1, 2, 3])
  expect(existsSync(join(fixture.folder, 'runs', id, 'checkpoints'))).toBe(false)
})

test('a crash leaves a run that can be resumed; whoever watches sees one curve', async () => {
  fixture = await openRuns((request, worker) => {
    restingScript(request, worker)
    if (fixture.host.started.length === 1) setTimeout(() => worker.exit(null, 'SIGKILL'), 20)
  })
  const { runs } = fixture
  const id = await startAndWait(2)
  const crashed = await runs.settled(id)
  expect(crashed).toMatchObject({ state: 'interrupted', checkpoint: at(1), error: { code: 'run/crashed' } })
  await runs.resume(id)
  const events: RunEvent[] = []
  for await (const event of await runs.watch(id)) events.push(event)
  const last = events.filter((event) => event.type === 'snapshot').at(-1)!
  const after = events.slice(events.indexOf(last) + 1)
  const points = [...last.points, ...after.flatMap((event) => (event.type === 'points' ? event.points : []))]
  const losses = points.filter(({ series }) => series === 'train_loss')
  expect(losses.map(({ step }) => step)).toEqual([1, 2, 3])
  expect(await runs.get(id)).toMatchObject({ state: 'completed', error: null })
})

test('stopping a run that rests tests and keeps its best epoch', async () => {
  fixture = await openRuns((request, worker) => {
    if (request.type === 'start' && readJob(request).checkpoints.resume) {
      jobs.set(worker, request)
      worker.send({ type: 'resumed', checkpoint: at(1), epochsDone: 1, best, points: [point(1)] })
    } else restingScript(request, worker)
  })
  const id = await startAndWait(2)
  await fixture.runs.pause(id)
  await fixture.runs.settled(id)
  await fixture.runs.stop(id)
  expect(await fixture.runs.settled(id)).toMatchObject({ state: 'stopped', test: { count: 4 }, checkpoint: null })
  await expect(fixture.runs.stop(id)).rejects.toMatchObject({ code: 'run/not-active' })
})

test('a run that would be another one is refused, and stays as it is', async () => {
  fixture = await openRuns(restingScript)
  const { runs, store } = fixture
  const id = await startAndWait(2)
  await runs.pause(id)
  const { datasetId } = await runs.settled(id)
  await store.runs.update(id, {
    environment: { ...(await runs.get(id)).environment!, hashes: { dataset: 'content', split: 's', backbone: 'other' } }
  })
  await expect(runs.resume(id)).rejects.toMatchObject({ code: 'run/backbone-changed' })
  const images = await store.datasets.trainingImages(datasetId)
  await store.datasets.applySplit(datasetId, {
    splitSeed: 2,
    splitSource: 'stratified',
    contentHash: 'changed',
    findings: [],
    images: images.map(({ path, split }) => ({ path, split }))
  })
  await expect(runs.resume(id)).rejects.toMatchObject({ code: 'run/dataset-changed' })
  expect(await runs.get(id)).toMatchObject({ state: 'paused', checkpoint: at(1) })
})

test('a queued run rests and goes on; closing the studio pauses the one that trains', async () => {
  fixture = await openRuns(restingScript)
  const { runs } = fixture
  const id = await startAndWait(2)
  const { datasetId } = await runs.get(id)
  const waiting = await runs.start({ datasetId, config })
  await runs.pause(waiting.id)
  expect(await runs.get(waiting.id)).toMatchObject({ state: 'paused', checkpoint: null })
  await runs.resume(waiting.id)
  await runs.close()
  expect(await runs.get(id)).toMatchObject({ state: 'paused', checkpoint: at(1) })
  expect(await runs.get(waiting.id)).toMatchObject({ state: 'interrupted' })
})

test('another program pauses it through its folder', async () => {
  fixture = await openRuns(restingScript)
  const id = await startAndWait(2)
  writeFileSync(join(fixture.folder, 'runs', id, 'pause'), '')
  expect(await fixture.runs.settled(id)).toMatchObject({ state: 'paused' })
  await fixture.runs.resume(id)
  expect(await fixture.runs.settled(id)).toMatchObject({ state: 'completed' })
})

test('a run waits while another program of the same home trains, and says for which', async () => {
  let alive = true
  fixture = await openRuns(restingScript, undefined, () => alive)
  const { runs, store, jobs: list, host } = fixture
  const datasetId = await fixture.addDataset()
  const theirs = newRun(datasetId, { name: 'theirs' })
  await store.runs.create(theirs, 4_000_001)
  await store.runs.update(theirs.id, { state: 'running' })
  const [ours, given] = [await runs.start({ datasetId, config }), await runs.start({ datasetId, config })]
  await vi.waitFor(() => expect(list.list().map(({ phase }) => phase)).toContain("Waiting for 'theirs'"))
  expect(host.started).toHaveLength(0)
  expect((await runs.get(ours.id)).state).toBe('queued')
  await runs.stop(ours.id)
  expect(await runs.settled(ours.id)).toMatchObject({ state: 'stopped', startedAt: null })
  alive = false
  await vi.waitFor(async () => expect((await runs.get(given.id)).epochsDone).toBe(2), { timeout: 5000 })
  expect(await runs.get(theirs.id)).toMatchObject({ state: 'interrupted' })
})
