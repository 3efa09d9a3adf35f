/** The life of a run, on a real database, with workers that follow a script. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { StudioError } from '@shared/errors'
import { presetConfig } from '@shared/domain/presets'
import type { RunEvent } from '@shared/domain/run'
import { trainJobSchema } from '@shared/worker-protocol/train'
import type { Script } from '../fixtures/fake-worker-host'
import { BACKBONE, openRuns, type RunsFixture } from '../fixtures/runs-service'
import { newRun } from '../fixtures/store'
import { completingScript, readJob, sendBeginning, sendEnd, sendEpoch } from '../fixtures/train-script'

let fixture: RunsFixture
afterEach(() => fixture.close())

const config = presetConfig('default', 'head')

async function collect(feed: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const events: RunEvent[] = []
  for await (const event of feed) events.push(event)
  return events
}

/** Begins, makes one epoch, then waits for a stop. */
const waitingScript: Script = (request, worker) => {
  if (request.type === 'start') {
    sendBeginning(worker)
    sendEpoch(worker, 1)
    jobOf.set(worker, request)
  } else void sendEnd(worker, readJob(jobOf.get(worker)!), 'stopped')
}
const jobOf = new Map<unknown, Record<string, unknown>>()

test('a run goes from the click to its test scores, and its job and metrics with it', async () => {
  fixture = await openRuns(completingScript)
  const { runs, store, jobs, folder } = fixture
  const datasetId = await fixture.addDataset()
  const run = await runs.start({ datasetId, config, importSeconds: 2 })
  expect(run).toMatchObject({
    name: 'lite0-head-01',
    color: 0,
    state: 'queued',
    imageCount: 12,
    classes: ['cat', 'dog']
  })

  const settled = await runs.settled(run.id)
  expect(settled).toMatchObject({ state: 'completed', epochsDone: 3, best: { epoch: 3 }, error: null })
  // One of four test images is wrong by the script.
  expect(settled.test).toMatchObject({ accuracy: 0.75, count: 4 })
  expect(settled.seconds).toMatchObject({ import: 2, features: 1.5, train: 0.5 })
  expect(settled.seconds!.total).toBeGreaterThan(2)
  expect(await store.runs.points(run.id)).toHaveLength(6)
  expect((await runs.metrics(run.id)).map(({ value }) => value)).toContain(null)
  expect(jobs.list()[0]).toMatchObject({ kind: 'train', state: 'done', runId: run.id })
  expect(runs.featureCounts(run.id)).toEqual({ cached: 0, computed: 12 })

  const job = trainJobSchema.parse(JSON.parse(readFileSync(join(folder, 'runs', run.id, 'job.json'), 'utf8')))
  expect(job.contract).toEqual(BACKBONE.contract)
  expect(job.fallback).toBe('TensorFlow is not prepared')
  expect(job.images).toHaveLength(12)

  const next = await runs.start({ datasetId, config: presetConfig('naive', 'head') })
  expect(next).toMatchObject({ name: 'lite0-naive-head-01', color: 1 })
  expect(await runs.settled(next.id)).toMatchObject({ state: 'completed' })
})

test('early and late watchers end with the same, and so does one who comes after the end', async () => {
  fixture = await openRuns(waitingScript)
  const { runs } = fixture
  const run = await runs.start({ datasetId: await fixture.addDataset(), config })
  const early = collect(await runs.watch(run.id))
  await vi.waitFor(async () => expect((await runs.get(run.id)).epochsDone).toBe(1))
  const late = collect(await runs.watch(run.id))
  await runs.stop(run.id)
  const after = async (): Promise<RunEvent[]> => collect(await runs.watch(run.id))
  const watchers = [await early, await late, await runs.settled(run.id).then(after)]
  for (const events of watchers) {
    expect(events[0]!.type).toBe('snapshot')
    const points = events.flatMap((event) => ('points' in event ? event.points : []))
    expect(points).toHaveLength(2)
    const last = events.flatMap((event) => ('run' in event ? [event.run] : [])).at(-1)
    expect(last).toMatchObject({ state: 'stopped', epochsDone: 3 })
  }
  expect(watchers[0]!.some((event) => event.type === 'progress')).toBe(true)
})

test('kill -9 leaves the run interrupted with its metrics, and the next one trains', async () => {
  fixture = await openRuns((request, worker) => {
    if (fixture.host.started.length > 1) return completingScript(request, worker)
    sendBeginning(worker)
    sendEpoch(worker, 1)
    worker.exit(null, 'SIGKILL')
  })
  const { runs, store } = fixture
  const datasetId = await fixture.addDataset()
  const killed = await runs.start({ datasetId, config })
  const next = await runs.start({ datasetId, config })
  expect(await runs.settled(killed.id)).toMatchObject({
    state: 'interrupted',
    epochsDone: 1,
    error: { code: 'run/crashed', message: expect.stringContaining('SIGKILL') }
  })
  expect(await store.runs.points(killed.id)).toHaveLength(2)
  expect(await runs.settled(next.id)).toMatchObject({ state: 'completed' })
})

test('a failure keeps its code, and the log has what the worker wrote', async () => {
  fixture = await openRuns((_, worker) => {
    worker.send({
      type: 'failed',
      error: { code: 'run/diverged', message: 'The loss is not a number.', hint: '', details: {} }
    })
    worker.exit(1)
  })
  const { runs, jobs, folder } = fixture
  const run = await runs.start({ datasetId: await fixture.addDataset(), config })
  expect(await runs.settled(run.id)).toMatchObject({ state: 'failed', error: { code: 'run/diverged' } })
  expect(jobs.list()[0]).toMatchObject({ state: 'failed', error: { code: 'run/diverged' } })
  expect(readFileSync(join(folder, 'logs/studio.log'), 'utf8')).toContain('the last words')
})

test('one trains at a time in the order of the clicks; a queued run can be stopped', async () => {
  fixture = await openRuns(waitingScript)
  const { runs, host } = fixture
  const datasetId = await fixture.addDataset()
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => runs.start({ datasetId, config })))
  expect(new Set([first!.name, second!.name, third!.name]).size).toBe(3)
  await vi.waitFor(async () => expect((await runs.get(first!.id)).state).toBe('running'))
  expect(host.started).toHaveLength(1)
  await expect(runs.remove(first!.id)).rejects.toMatchObject({ code: 'run/active' })

  await Promise.all([runs.stop(second!.id), runs.stop(second!.id)])
  expect((await runs.get(second!.id)).state).toBe('stopped')
  await runs.stop(first!.id)
  expect((await runs.settled(first!.id)).state).toBe('stopped')
  await vi.waitFor(async () => expect((await runs.get(third!.id)).state).toBe('running'))
  expect(host.started).toHaveLength(2)
  await expect(runs.stop(second!.id)).rejects.toMatchObject({ code: 'run/not-active' })

  await runs.remove(second!.id)
  await runs.remove(first!.id)
  expect(existsSync(join(fixture.folder, 'runs', first!.id))).toBe(true)
  expect((await runs.list()).map(({ id }) => id)).toEqual([third!.id])
  await runs.restore(second!.id)
  expect((await runs.list()).map(({ id }) => id).sort()).toEqual([second!.id, third!.id].sort())
  await expect(runs.purge(second!.id)).rejects.toMatchObject({ code: 'run/not-removed' })
  await runs.purge(first!.id)
  expect(existsSync(join(fixture.folder, 'runs', first!.id))).toBe(false)
  await expect(runs.get(first!.id)).rejects.toMatchObject({ code: 'run/not-found' })
})

test('what cannot start says why, and leaves no row', async () => {
  fixture = await openRuns(completingScript)
  const { runs, compute } = fixture
  const datasetId = await fixture.addDataset()
  const fineTune = presetConfig('default', 'finetune')
  await expect(runs.start({ datasetId: 'none', config })).rejects.toMatchObject({ code: 'dataset/not-found' })
  await expect(runs.start({ datasetId, config: { ...config, backboneId: 'x' } })).rejects.toMatchObject({
    code: 'backbone/not-found'
  })
  await expect(runs.start({ datasetId, config: fineTune })).rejects.toMatchObject({
    code: 'runtime/not-ready',
    message: expect.stringContaining('25 %')
  })
  const broken = { ...config, head: { ...config.head, epochs: 0 } }
  await expect(runs.start({ datasetId, config: broken })).rejects.toMatchObject({ code: 'config/invalid' })
  expect(await runs.list()).toEqual([])

  expect(await runs.estimate(datasetId, fineTune)).toMatchObject({ blocked: expect.stringContaining('TensorFlow') })
  compute.location = { directory: '/t', version: '2.21.0', flavour: 'cpu' }
  expect(await runs.estimate(datasetId, fineTune)).toMatchObject({ blocked: null, images: 12, classes: 2 })

  const coarse = { ...fineTune, fineTune: { ...fineTune.fineTune, precision: 'bfloat16' as const } }
  await expect(runs.start({ datasetId, config: coarse })).rejects.toMatchObject({ code: 'device/no-bfloat16' })
  expect(await runs.estimate(datasetId, coarse)).toMatchObject({ blocked: expect.stringContaining("to 'float32'") })
  // Its head alone is trained in float32.
  expect(await runs.estimate(datasetId, { ...coarse, mode: 'head' })).toMatchObject({ blocked: null })
  expect(await runs.list()).toEqual([])
  compute.bfloat16 = true
  expect(await runs.estimate(datasetId, coarse)).toMatchObject({ blocked: null })

  const rounded = { ...config, frozenPrecision: 'int8' as const }
  expect(await runs.estimate(datasetId, rounded)).toMatchObject({ blocked: null })
  compute.frozen = 'wasm'
  await expect(runs.start({ datasetId, config: rounded })).rejects.toMatchObject({ code: 'device/no-int8' })
  expect(await runs.estimate(datasetId, rounded)).toMatchObject({ blocked: expect.stringContaining('WebAssembly') })
  expect(await runs.estimate(datasetId, config)).toMatchObject({ blocked: null })
})

test('an estimate comes from what was measured, and knows which features are there', async () => {
  fixture = await openRuns(completingScript)
  const { runs, store } = fixture
  const datasetId = await fixture.addDataset()
  expect(await runs.estimate(datasetId, config)).toMatchObject({ seconds: null, cachedFeatures: 0 })
  await store.facts.set('speeds/runs', {
    'features/efficientnet-lite0/224/onnxruntime': 0.5,
    'head/efficientnet-lite0/64': 0.001
  })
  // 12 features of half a second; 4 training images in 60 epochs.
  expect((await runs.estimate(datasetId, config)).seconds).toBeCloseTo(12 * 0.5 + 4 * 60 * 0.001)
  const run = await runs.start({ datasetId, config })
  await runs.settled(run.id)
  const estimate = await runs.estimate(datasetId, config)
  expect(estimate.cachedFeatures).toBe(12)
  expect(estimate.seconds).toBeCloseTo(4 * 60 * 0.001)
  // In eight bits they are other features, computed at another speed.
  const rounded = await runs.estimate(datasetId, { ...config, frozenPrecision: 'int8' })
  expect(rounded).toMatchObject({ seconds: null, cachedFeatures: 0 })
  const naive = await runs.estimate(datasetId, presetConfig('naive', 'head'))
  expect(naive.cachedFeatures).toBe(0)
  expect(naive.warnings[0]).toBe('The network will see values in [0, 1]; EfficientNet-Lite0 was trained on [-0.99, 1].')
})

test('a fine-tune is reckoned by its steps: so many of so many batches, whatever its epochs say', async () => {
  fixture = await openRuns(completingScript)
  const { runs, store } = fixture
  const datasetId = await fixture.addDataset()
  await store.facts.set('speeds/runs', {
    'features/efficientnet-lite0/224/onnxruntime': 0.5,
    'finetune/efficientnet-lite0/224/all/2': 0.01,
    'finetune/efficientnet-lite0/224/1/2/kept': 0.002
  })
  const bit = presetConfig('bit', 'finetune')
  // 12 features; 4 training images are 2 batches and, 16 batches a step at most, one step; 8 others at the end.
  const seconds = async (
    change: Partial<typeof bit.fineTune>,
    augmentation = bit.augmentation
  ): Promise<number | null> =>
    (await runs.estimate(datasetId, { ...bit, augmentation, fineTune: { ...bit.fineTune, batchSize: 2, ...change } }))
      .seconds
  expect(await seconds({})).toBeCloseTo(20 * 0.5 + 500 * 4 * 0.01)
  expect(await seconds({ accumulate: 1 })).toBeCloseTo(20 * 0.5 + 500 * 2 * 0.01)
  expect(await seconds({ maxSteps: null, epochs: 3 })).toBeCloseTo(20 * 0.5 + 3 * 4 * 0.01)
  // The head comes first, and was never measured.
  expect(await seconds({ headFirst: true })).toBeNull()
  // What the frozen layers give is kept where no picture changes, which is another speed.
  const still = { ...bit.augmentation, flip: false, shift: 0, zoom: 0 }
  expect(await seconds({ unfreeze: 1 })).toBeNull()
  expect(await seconds({ unfreeze: 1 }, still)).toBeCloseTo(20 * 0.5 + 500 * 4 * 0.002)
  expect(await seconds({ unfreeze: 1, cachePrefix: 'off' }, still)).toBeNull()
})

test('closing the studio stops the training and keeps what it has; the queue is interrupted', async () => {
  fixture = await openRuns(waitingScript)
  const { runs } = fixture
  const datasetId = await fixture.addDataset()
  const first = await runs.start({ datasetId, config })
  const second = await runs.start({ datasetId, config })
  await vi.waitFor(async () => expect((await runs.get(first.id)).epochsDone).toBe(1))
  await runs.close('stop')
  expect(await runs.get(first.id)).toMatchObject({ state: 'stopped', test: { accuracy: 0.75 } })
  expect(await runs.get(second.id)).toMatchObject({ state: 'interrupted' })
})

test('runs of a process that is gone are settled at the next start; those of a living one are left alone', async () => {
  fixture = await openRuns(completingScript)
  const { store, runs } = fixture
  const datasetId = await fixture.addDataset()
  const orphan = newRun(datasetId)
  await store.runs.create(orphan, 4_194_303)
  await runs.open()
  expect((await runs.get(orphan.id)).state).toBe('interrupted')
})

test('a database that no longer takes points ends the run with its own error', async () => {
  fixture = await openRuns(waitingScript)
  const { runs, store } = fixture
  const datasetId = await fixture.addDataset()
  store.runs.appendPoints = async () => {
    throw new StudioError('store/disk-full', 'The disk is full.')
  }
  const run = await runs.start({ datasetId, config })
  expect(await runs.settled(run.id)).toMatchObject({ state: 'failed', error: { code: 'store/disk-full' } })
})

test('a list follows the epochs of a run once a second, and its state at once', async () => {
  fixture = await openRuns(waitingScript)
  const { runs } = fixture
  const datasetId = await fixture.addDataset()
  let changes = 0
  runs.onListChange(() => changes++)
  const run = await runs.start({ datasetId, config })
  await vi.waitFor(async () => expect((await runs.get(run.id)).state).toBe('running'))
  const worker = fixture.host.started.at(-1)!
  const before = changes
  for (let epoch = 1; epoch <= 50; epoch++) sendEpoch(worker, epoch)
  await vi.waitFor(async () => expect((await runs.get(run.id)).epochsDone).toBe(50))
  expect(changes - before).toBeLessThanOrEqual(3)
  await vi.waitFor(() => expect(changes).toBeGreaterThan(before), { timeout: 3000 })
  await runs.rename(run.id, 'renamed')
  await expect(runs.list()).resolves.toMatchObject([{ name: 'renamed', epochsDone: 50 }])
})
