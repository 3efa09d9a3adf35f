/** An advice from a dataset to its answer, on a real database, with trainings and speeds that follow a script. */
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { AdviceEvent } from '@shared/domain/advice'
import type { Backbone } from '@shared/domain/backbone'
import type { Split } from '@shared/domain/dataset'
import { presetConfig } from '@shared/domain/presets'
import { StudioError } from '@shared/errors'
import type { TrainJob } from '@shared/worker-protocol/train'
import { AdvisorService } from '../../main/services/advisor/advisor'
import type { FakeProcess, Script } from '../fixtures/fake-worker-host'
import { BACKBONE, openRuns, type RunsFixture } from '../fixtures/runs-service'
import { addDataset, newImage, writePredictions } from '../fixtures/store'
import { readJob } from '../fixtures/train-script'

const MS: Record<string, number> = { small: 5, large: 15, heavy: 40, random: 1 }
/** Right out of 100 test images. */
const RIGHT: Record<string, number> = { small: 80, large: 90, heavy: 60 }
const named = (id: string, changes: Partial<Backbone> = {}): Backbone => ({
  ...BACKBONE,
  id,
  name: id,
  weightsHash: id,
  ...changes
})
const provenance = { how: 'random' } as Backbone['provenance']

let fixture: RunsFixture
let advisor: AdvisorService
let datasetId: string
let backbones: Backbone[]
const measured: string[] = []
const jobs: TrainJob[] = []

async function open(
  script: Script,
  perClass: Record<Split, number> = { train: 4, validation: 2, test: 50 }
): Promise<void> {
  jobs.length = measured.length = 0
  fixture = await openRuns(script)
  const images = ['cat', 'dog'].flatMap((label) =>
    Object.entries(perClass).flatMap(([split, count]) =>
      Array.from({ length: count }, (_, index) => newImage(`${label}/${split}${index}.png`, { split: split as Split }))
    )
  )
  datasetId = await addDataset(fixture.store, images, join(fixture.folder, 'pictures'))
  backbones = [named('heavy'), named('large'), named('small'), named('random', { provenance })]
  advisor = service()
}

function service(): AdvisorService {
  const backbone = async (id: string): Promise<Backbone> => backbones.find((one) => one.id === id) ?? BACKBONE
  return new AdvisorService({
    ...fixture.context,
    backbone,
    backbones: async () => backbones,
    measure: async (backboneId) => {
      measured.push(backboneId)
      const speed = { backboneId, device: 'CPU', batchSize: 8, msPerImage: MS[backboneId]! }
      return [
        { ...speed, executor: 'wasm', msPerImage: 1, imagesPerSecond: 1000 },
        { ...speed, executor: 'onnxruntime', imagesPerSecond: 1000 / MS[backboneId]! }
      ]
    }
  })
}
afterEach(async () => {
  await advisor.close()
  await fixture.close()
})

async function finish(worker: FakeProcess, job: TrainJob): Promise<void> {
  const test = job.images.filter(({ split }) => split === 'test')
  let left = (RIGHT[job.config.backboneId]! / 100) * test.length
  const rows = job.images
    .filter(({ split }) => split !== 'train')
    .map(({ id, split, classIndex }) => {
      const guess = split !== 'test' || left-- > 0 ? classIndex : 1 - classIndex
      return { imageId: id, split, truth: classIndex, probabilities: [1 - guess, guess] }
    })
  const predictionsFile = join(job.directory, 'predictions.safetensors')
  await writePredictions(predictionsFile, rows)
  worker.send({
    type: 'finished',
    outcome: 'completed',
    checkpoint: null,
    epochsDone: 1,
    best: { epoch: 1, validationLoss: 1, validationAccuracy: 1 },
    seconds: { features: 0, train: 0.1 },
    features: { cached: job.images.length, computed: 0 },
    predictionsFile,
    checkpointFile: null
  })
}

const training: Script = (request, worker) => {
  if (request.type !== 'start') return worker.exit(null, 'SIGTERM')
  const job = readJob(request)
  jobs.push(job)
  void finish(worker, job)
}

const asked = { budgetSeconds: 600 }
const told = (text: string): string => text.replaceAll('\u00a0', ' ')

test('every trained backbone is measured and tried; the frontier, what the smaller one loses, a sentence', async () => {
  await open(training)
  const started = await advisor.start({ datasetId, ...asked })
  expect(started).toMatchObject({ state: 'queued', screenImages: null, images: 112 })
  // Asked again while it goes on, it is the same.
  expect((await advisor.start({ datasetId, ...asked })).id).toBe(started.id)
  const done = await advisor.settled(started.id)
  expect(done).toMatchObject({ state: 'completed', error: null, remainingSeconds: null })
  expect(measured).toEqual(['heavy', 'large', 'small'])
  expect(done.points).toMatchObject([
    {
      backboneId: 'small',
      msPerImage: 5,
      executor: 'onnxruntime',
      stage: 'confirmed',
      frontier: true,
      testImages: 100
    },
    { backboneId: 'large', msPerImage: 15, frontier: true, loss: null, accuracy: { value: 0.9 } },
    { backboneId: 'heavy', msPerImage: 40, frontier: false, accuracy: { value: 0.6 } }
  ])
  const { accuracy, loss } = done.points[0]!
  expect(accuracy!.low).toBeLessThan(0.8)
  expect(loss).toMatchObject({ value: expect.closeTo(0.1, 9), speedup: 3 })
  expect(loss!.low).toBeGreaterThan(0)
  expect(told(done.sentence)).toMatch(
    /large is the most accurate: 90\.0 % .*small loses 10\.0 points \(95 % \+\d\.\d to \+1\d\.\d\) and is 3\.0 × as fast/
  )
  expect(done.notes).toEqual(['One backbone with weights that were never trained left out.'])
  // Linear evaluation, one training each, none of them a run, and not in the list of explanations.
  expect(jobs.map(({ config }) => [config.backboneId, config.preset])).toEqual([
    ['small', 'fast-head'],
    ['large', 'fast-head'],
    ['heavy', 'fast-head']
  ])
  expect(await fixture.runs.list()).toHaveLength(0)
  expect(await fixture.store.explanations.list()).toEqual([])
  expect(fixture.jobs.list()[0]).toMatchObject({ kind: 'advise', state: 'done' })
  // Another process of the same home finds it, and trains nothing twice.
  const other = service()
  expect(await other.latest(datasetId)).toEqual(done)
  jobs.length = 0
  const again = await other.settled((await other.start({ datasetId, ...asked })).id)
  expect(jobs).toHaveLength(0)
  expect(again.points).toEqual(done.points)
})

test('a larger dataset is screened on a part; only what may be best is confirmed on all of it', async () => {
  await open(training, { train: 600, validation: 100, test: 300 })
  const done = await advisor.settled((await advisor.start({ datasetId, ...asked })).id)
  expect(done).toMatchObject({ screenImages: 800, images: 2000 })
  expect(jobs.map(({ config, images }) => [config.backboneId, images.length])).toEqual([
    ['small', 800],
    ['large', 800],
    ['heavy', 800],
    ['small', 2000],
    ['large', 2000]
  ])
  expect(done.points.map(({ backboneId, stage, testImages }) => [backboneId, stage, testImages])).toEqual([
    ['small', 'confirmed', 600],
    ['large', 'confirmed', 600],
    ['heavy', 'screened', 300]
  ])
})

test('a watcher sees points come in, and a stop leaves the answer so far', async () => {
  await open((request, worker) => {
    if (request.type !== 'start') return worker.exit(null, 'SIGTERM')
    const job = readJob(request)
    jobs.push(job)
    if (jobs.length === 1) void finish(worker, job)
  })
  const { id } = await advisor.start({ datasetId, ...asked })
  const events: AdviceEvent[] = []
  const watching = (async () => {
    for await (const event of await advisor.watch(id)) events.push(event)
  })()
  await vi.waitFor(() => expect(jobs).toHaveLength(2))
  await vi.waitFor(() => expect(events.at(-1)!.advice.points[1]).toMatchObject({ stage: 'running' }))
  expect(events.at(-1)!.advice.remainingSeconds).toBeGreaterThan(0)
  await advisor.stop(id)
  await watching
  const done = await advisor.get(id)
  expect(done.state).toBe('stopped')
  expect(events.at(-1)!.advice).toEqual(done)
  expect(done.points.map(({ stage }) => stage)).toEqual(['confirmed', 'waiting', 'waiting'])
  const later: AdviceEvent[] = []
  for await (const event of await advisor.watch(id)) later.push(event)
  expect(later).toEqual([{ advice: done, phase: '' }])
})

test('what cannot be tried says why; the time may be up; one alone is no choice', async () => {
  await open((request, worker) => {
    const job = readJob(request)
    if (job.config.backboneId !== 'small') return void finish(worker, job)
    worker.send({ type: 'failed', error: new StudioError('worker/crashed', 'Out of memory.').toData() })
  })
  backbones.push(named('module', { form: 'saved-model', trainable: false }))
  const failed = await advisor.settled((await advisor.start({ datasetId, ...asked })).id)
  expect(failed.state).toBe('completed')
  expect(failed.points.find(({ backboneId }) => backboneId === 'small')).toMatchObject({
    stage: 'failed',
    error: 'Out of memory.'
  })
  expect(failed.points.find(({ backboneId }) => backboneId === 'module')).toMatchObject({
    stage: 'failed',
    error: expect.stringMatching(/needs TensorFlow/)
  })
  // 100 s a picture.
  MS['huge'] = 100_000
  backbones = [named('large'), named('huge')]
  const late = await advisor.settled((await advisor.start({ datasetId, ...asked })).id)
  expect(late.points.map(({ stage }) => stage)).toEqual(['confirmed', 'waiting'])
  expect(late.notes).toEqual(['The time was up before huge could be tried.'])
  backbones = [named('large'), named('random', { provenance })]
  const alone = await advisor.settled((await advisor.start({ datasetId, ...asked })).id)
  expect(alone.sentence).toMatch(/^large is right on 90\.0 % .*there is no other/)
  backbones = [named('random', { provenance })]
  await expect(advisor.start({ datasetId, ...asked })).rejects.toMatchObject({ code: 'advice/no-backbone' })
  await expect(advisor.start({ datasetId: 'none', ...asked })).rejects.toMatchObject({ code: 'dataset/not-found' })
  await expect(advisor.watch('none')).rejects.toMatchObject({ code: 'advice/not-found' })
})

test('one training at a time: a run that is started meanwhile comes between two trials', async () => {
  let active = 0
  let most = 0
  const order: string[] = []
  let begun = (): void => undefined
  const isBegun = new Promise<void>((resolve) => (begun = resolve))
  await open((request, worker) => {
    if (request.type !== 'start') return
    const job = readJob(request)
    order.push(job.runId)
    most = Math.max(most, ++active)
    // The first one lasts until the run was asked for.
    void isBegun.then(() => {
      active--
      void finish(worker, { ...job, config: { ...job.config, backboneId: 'large' } })
    })
  })
  const { id } = await advisor.start({ datasetId, ...asked })
  await vi.waitFor(() => expect(order.length).toBe(1))
  const run = await fixture.runs.start({ datasetId, config: presetConfig('default', 'head') })
  begun()
  expect(await fixture.runs.settled(run.id)).toMatchObject({ state: 'completed' })
  expect((await advisor.settled(id)).state).toBe('completed')
  expect(most).toBe(1)
  expect(order).toHaveLength(4)
})
