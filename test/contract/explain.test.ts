/** An explanation from two runs to its answer, on a real database, with trainings that follow a script. */
import { afterEach, expect, test, vi } from 'vitest'
import { BEST_PRACTICE, type ExplanationEvent } from '@shared/domain/explanation'
import { presetConfig } from '@shared/domain/presets'
import type { Split } from '@shared/domain/dataset'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import { join } from 'node:path'
import type { TrainJob } from '@shared/worker-protocol/train'
import { ExplainService } from '../../main/services/explain/explain'
import type { FakeProcess, Script } from '../fixtures/fake-worker-host'
import { openRuns, type RunsFixture } from '../fixtures/runs-service'
import { addDataset, newImage, writePredictions } from '../fixtures/store'
import { readJob } from '../fixtures/train-script'

let fixture: RunsFixture
let explain: ExplainService
let datasetId: string
const jobs: TrainJob[] = []

const TEST_IMAGES = 100

async function open(script: Script): Promise<void> {
  jobs.length = 0
  fixture = await openRuns(script)
  const splits: [Split, number][] = [
    ['train', 4],
    ['validation', 2],
    ['test', TEST_IMAGES / 2]
  ]
  const images = ['cat', 'dog'].flatMap((label) =>
    splits.flatMap(([split, count]) =>
      Array.from({ length: count }, (_, index) => newImage(`${label}/${split}${index}.png`, { split }))
    )
  )
  datasetId = await addDataset(fixture.store, images, join(fixture.folder, 'pictures'))
  explain = new ExplainService(fixture.context)
  await explain.open()
}
afterEach(async () => {
  await explain.close()
  await fixture.close()
})

/** Points of 100: the rate costs 20, the range 10, a batch of 7 nothing. */
function scoreOf({ config, contract }: TrainJob): number {
  return 90 - (config.head.learningRate > 0.005 ? 20 : 0) - (contract.std[0] === 255 ? 10 : 0)
}

async function finish(worker: FakeProcess, job: TrainJob, score = scoreOf(job)): Promise<void> {
  let left = score
  const rows = job.images
    .filter(({ split }) => split !== 'train')
    .map(({ id, split, classIndex }) => {
      const right = split !== 'test' || left-- > 0
      const guess = right ? classIndex : 1 - classIndex
      return {
        imageId: id,
        split,
        truth: classIndex,
        probabilities: [guess === 0 ? 0.9 : 0.1, guess === 0 ? 0.1 : 0.9]
      }
    })
  const predictionsFile = join(job.directory, 'predictions.safetensors')
  await writePredictions(predictionsFile, rows)
  worker.send({
    type: 'finished',
    outcome: 'completed',
    checkpoint: null,
    epochsDone: 1,
    best: { epoch: 1, validationLoss: 1, validationAccuracy: 1 },
    seconds: { features: 0, train: job.config.head.epochs / 10 },
    features: { cached: job.images.length, computed: 0 },
    predictionsFile,
    checkpointFile: null
  })
}

const training: Script = (request, worker) => {
  if (request.type !== 'start')
    return worker.send({ type: 'failed', error: new StudioError('job/cancelled', 'x').toData() })
  const job = readJob(request)
  jobs.push(job)
  void finish(worker, job)
}

const head = presetConfig('default', 'head')
const configured = (change: (config: TrainingConfig) => void): TrainingConfig => {
  const config = structuredClone(head)
  change(config)
  return config
}
const bad = configured((config) => {
  config.head.learningRate = 0.1
  config.head.batchSize = 7
  config.contract = {
    size: 224,
    colorOrder: 'RGB',
    mean: [0, 0, 0],
    std: [255, 255, 255],
    filter: 'bicubic',
    crop: 'center-crop',
    cropFraction: 0.875
  }
})

async function trained(config: TrainingConfig, name: string): Promise<string> {
  const run = await fixture.runs.start({ datasetId, config, name })
  expect(await fixture.runs.settled(run.id)).toMatchObject({ state: 'completed' })
  return run.id
}

async function pair(from = bad, to = head): Promise<{ a: string; b: string }> {
  const ids = { a: await trained(from, 'bad'), b: await trained(to, 'good') }
  jobs.length = 0
  return ids
}

const asked = { budgetSeconds: 600, seeds: 2 }

test('two runs with three differing factors: the credit goes where it is due, and the bars add up', async () => {
  await open(training)
  const started = await explain.start({ ...(await pair()), ...asked })
  expect(started).toMatchObject({ state: 'queued', seeds: [1, 2], testImages: 100, measured: { a: { accuracy: 0.6 } } })
  const done = await explain.settled(started.id)
  expect(done).toMatchObject({ state: 'completed', method: 'shapley', error: null, aName: 'bad', bName: 'good' })
  expect(done.gap.accuracy!.value).toBeCloseTo(0.3, 6)
  const credit = Object.fromEntries(done.factors.map(({ id, accuracy }) => [id, Number(accuracy!.value.toFixed(6))]))
  expect(credit).toEqual({ range: 0.1, optimizer: 0.2, batch: 0 })
  expect(done.interaction.accuracy!.value).toBeCloseTo(0, 6)
  expect(done.verdict).toMatch(
    /good is better than bad by 30\.0 points .*It is made of 'Optimiser and rate' 20\.0 points \(67\u00a0%\) and 'Value range and channels' 10\.0/
  )
  // Every combination on two seeds, each once, and none of them a run.
  expect(jobs).toHaveLength(16)
  expect(done.experiments).toHaveLength(16)
  expect(await fixture.runs.list()).toHaveLength(2)
  expect(fixture.jobs.list()[0]).toMatchObject({ kind: 'explain', state: 'done' })
  expect(await explain.list()).toMatchObject([{ id: done.id, verdict: done.verdict, aName: 'bad', state: 'completed' }])
  expect(await explain.get(done.id)).toEqual(done)
})

test('what another explanation has found is not trained again, by whatever way it is asked', async () => {
  await open(training)
  const { a, b } = await pair()
  const first = await explain.settled((await explain.start({ a, b, ...asked })).id)
  jobs.length = 0
  const back = await explain.settled((await explain.start({ a: b, b: a, ...asked })).id)
  expect(jobs).toHaveLength(0)
  expect(back.experiments.every(({ cached }) => cached)).toBe(true)
  expect(back).toMatchObject({ method: 'shapley', spentSeconds: expect.any(Number) })
  expect(back.factors.every(({ shapley }) => shapley !== null)).toBe(true)
  expect(back.gap.accuracy!.value).toBeCloseTo(-first.gap.accuracy!.value, 9)
  const best = await explain.settled((await explain.start({ a, b: BEST_PRACTICE, ...asked })).id)
  expect(best).toMatchObject({ bName: 'best practice', measured: { b: { accuracy: null } } })
  expect(best.factors.find(({ id }) => id === 'optimizer')!.accuracy!.value).toBeCloseTo(0.2, 6)
})

test('a seed that differs has what the experiments leave of the measured gap', async () => {
  // The second run was lucky by five points.
  await open((request, worker) => {
    const job = readJob(request)
    const lucky = job.config.seed === 9 && job.runId !== 'experiment'
    void finish(worker, job, scoreOf(job) + (lucky ? 5 : 0))
  })
  const lucky = configured((config) => (config.seed = 9))
  const done = await explain.settled((await explain.start({ ...(await pair(bad, lucky)), ...asked })).id)
  expect(done.seeds).toEqual([1, 9])
  const seed = done.factors.find(({ id }) => id === 'seed')!
  expect(seed).toMatchObject({ cause: 'seed', switchable: false, from: 'seed 1', to: 'seed 9' })
  expect(seed.accuracy!.value).toBeCloseTo(0.05, 6)
  expect(done.gap.accuracy!.value).toBeCloseTo(0.35, 6)
  expect(done.ends.b.accuracy).toBeCloseTo(0.95, 6)
})

test('a watcher sees bars come in, and a stop leaves the answer so far', async () => {
  await open((request, worker) => {
    if (request.type !== 'start') return worker.exit(null, 'SIGTERM')
    const job = readJob(request)
    jobs.push(job)
    if (job.runId !== 'experiment' || jobs.length <= 5) void finish(worker, job)
  })
  const { id } = await explain.start({ ...(await pair()), ...asked })
  const events: ExplanationEvent[] = []
  const watching = (async () => {
    for await (const event of await explain.watch(id)) events.push(event)
  })()
  await vi.waitFor(() => expect(jobs).toHaveLength(6))
  await explain.stop(id)
  const done = await explain.settled(id)
  await watching
  expect(done.state).toBe('stopped')
  expect(done.experiments).toHaveLength(5)
  expect(done.gap.accuracy!.value).toBeCloseTo(0.3, 6)
  expect(done.factors.filter(({ accuracy }) => accuracy === null).length).toBeGreaterThan(0)
  expect(events.at(-1)!.explanation).toEqual(done)
  // What was stopped is no result.
  expect(await fixture.store.explanations.experiments(done.experiments.map((each) => each.id))).toHaveLength(5)
})

test('a training that diverges counts as guessing; one that fails is left out, and its factor says so', async () => {
  const failing: Script = (request, worker) => {
    const job = readJob(request)
    jobs.push(job)
    const { learningRate, batchSize } = job.config.head
    if (job.runId !== 'experiment') return void finish(worker, job)
    if (learningRate > 0.005 && batchSize === 7 && job.contract.std[0] === 128) {
      return worker.send({ type: 'failed', error: new StudioError('worker/crashed', 'Out of memory.').toData() })
    }
    if (learningRate > 0.005) {
      return worker.send({ type: 'failed', error: new StudioError('run/diverged', 'Not a number.').toData() })
    }
    void finish(worker, job)
  }
  await open(failing)
  const done = await explain.settled((await explain.start({ ...(await pair()), ...asked })).id)
  expect(done.state).toBe('completed')
  expect(done.ends.a.accuracy).toBe(0.5)
  const failed = done.experiments.filter(({ state }) => state === 'failed')
  // Tried once; on the second seed it would be the same.
  expect(failed.map(({ seed, error }) => [seed, error])).toEqual([
    [1, 'Out of memory.'],
    [2, 'Out of memory.']
  ])
  expect(
    jobs.filter(
      ({ config, contract }) =>
        config.head.learningRate > 0.005 && contract.std[0] === 128 && config.head.batchSize === 7
    )
  ).toHaveLength(1)
  expect(done.factors.every(({ accuracy }) => accuracy !== null)).toBe(true)
  expect(done.experiments.filter(({ diverged }) => diverged).every(({ accuracy }) => accuracy === 0.5)).toBe(true)
})

test('a run that is started meanwhile goes first', async () => {
  const order: string[] = []
  await open((request, worker) => {
    const job = readJob(request)
    order.push(job.runId)
    setTimeout(() => void finish(worker, job), 20)
  })
  const ids = await pair()
  order.length = 0
  const { id } = await explain.start({ ...ids, ...asked })
  await vi.waitFor(() => expect(order.length).toBeGreaterThan(1))
  const before = order.length
  const run = await fixture.runs.start({ datasetId, config: head, name: 'meanwhile' })
  expect(await fixture.runs.settled(run.id)).toMatchObject({ state: 'completed' })
  // At most the one that was under way, and one that was about to be.
  expect(order.indexOf(run.id)).toBeLessThanOrEqual(before + 2)
  expect(await explain.settled(id)).toMatchObject({
    state: 'completed',
    gap: { accuracy: { value: expect.closeTo(0.3, 6) } }
  })
})

test('an explanation whose process died is interrupted with the answer it had, and holds no place', async () => {
  await open(training)
  const done = await explain.settled((await explain.start({ ...(await pair()), ...asked })).id)
  const { explanations } = fixture.store
  const orphan = { ...done, id: 'orphan', state: 'running' as const, endedAt: null }
  await explanations.create(orphan, 4_194_304)
  expect(await explanations.claim('orphan', 4_194_304, () => false)).toBeNull()
  await expect(explain.stop('orphan')).rejects.toMatchObject({ code: 'explain/active' })
  const watched = await explain.watch('orphan')
  expect(await watched.next()).toMatchObject({ value: { explanation: { id: 'orphan', state: 'running' } } })
  await trained(head, 'after')
  expect(await explain.get('orphan')).toMatchObject({ state: 'interrupted', verdict: done.verdict })
  // Whoever watches it is told, although another program did it.
  expect(await watched.next()).toMatchObject({ value: { explanation: { state: 'interrupted' } } })
  expect(await watched.next()).toMatchObject({ done: true })
  await explain.remove('orphan')
  await expect(explain.get('orphan')).rejects.toMatchObject({ code: 'explain/not-found' })
})

test('what cannot be explained is refused, with the reason', async () => {
  await open(training)
  const { a, b } = await pair()
  const refused = async (from: string, to: string, code: string): Promise<void> =>
    expect(explain.start({ a: from, b: to, ...asked })).rejects.toMatchObject({ code })
  await refused(a, a, 'explain/same-run')
  await refused(a, 'nobody', 'run/not-found')
  const { config } = await fixture.runs.defaults(datasetId, 'head', 'default')
  await refused(await trained(config, 'best'), BEST_PRACTICE, 'explain/no-difference')
  const images = ['cat', 'dog'].flatMap((label) =>
    (['train', 'validation', 'test'] as const).map((split) => newImage(`${label}/${split}.png`, { split }))
  )
  const otherId = await addDataset(fixture.store, images, fixture.folder)
  const elsewhere = await fixture.runs.start({ datasetId: otherId, config })
  await fixture.runs.settled(elsewhere.id)
  await refused(a, elsewhere.id, 'run/different-datasets')
  const imported = {
    ...(await fixture.runs.get(b)),
    id: 'imported',
    imported: { source: 'mlflow' as const, origin: 'x', settings: {} }
  }
  await fixture.store.runs.create(imported, process.pid)
  await refused(a, 'imported', 'explain/imported')
  await fixture.store.runs.create({ ...(await fixture.runs.get(b)), id: 'going', state: 'running' }, process.pid)
  await refused('going', a, 'explain/not-ended')
  expect(await explain.list()).toEqual([])
})
