/** The infer worker's life: shared by requests, ended when idle, restarted after a crash, nothing left pending. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { InferClient, type InferClientOptions } from '../../main/services/inference/infer-client'
import { JobsService } from '../../main/services/jobs/jobs'
import { Log } from '../../main/services/log/log'
import { PredictionsService } from '../../main/services/predictions/predictions'
import { UploadsService } from '../../main/services/predictions/uploads'
import { FakeWorkerHost, type Script } from '../fixtures/fake-worker-host'

let folder: string
let client: InferClient
let host: FakeWorkerHost

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'infer-'))))
afterEach(async () => {
  await client.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(script: Script, options: Partial<InferClientOptions> = {}): InferClient {
  host = new FakeWorkerHost({
    infer: (request, worker) => (request.type === 'start' ? worker.send({ type: 'started' }) : script(request, worker))
  })
  const compute = () => ({ runtime: null, threads: 2 })
  return (client = new InferClient({
    host,
    log: new Log(folder),
    backbonesDirectories: ['/b'],
    compute,
    backoffMs: [50, 200],
    ...options
  }))
}

const parity = (id: unknown) => ({ type: 'parity', id, maxDifference: 0.5, tolerance: 1, between: 'a and b' })
const model = {
  runId: 'r',
  runName: 'a run',
  backboneId: 'b',
  classes: ['cat', 'dog'],
  contract: {
    size: 224,
    colorOrder: 'RGB',
    mean: [0, 0, 0],
    std: [1, 1, 1],
    filter: 'bicubic',
    crop: 'squash',
    cropFraction: 1
  },
  checkpointFile: '/c'
} as const
const prediction = (file: string) => ({ file, top: [{ label: 'cat', probability: 1 }], error: null, ms: 1 })

test('requests share one worker and are answered by id, in whatever order', async () => {
  const waiting: unknown[] = []
  open(({ id }, worker) => {
    waiting.push(id)
    if (waiting.length < 3) return
    for (const each of waiting.reverse()) worker.send({ ...parity(each), maxDifference: Number(each) })
  })
  const answers = await Promise.all(
    ['x', 'y', 'z'].map((backboneId) => client.call({ type: 'parity', backboneId }, 'parity'))
  )
  expect(answers.map(({ id, maxDifference }) => [id, maxDifference])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3]
  ])
  expect(host.started).toHaveLength(1)
})

test('a failure belongs to its request and keeps its code', async () => {
  open(({ id }, worker) =>
    worker.send(
      id === 1
        ? { type: 'failed', id, error: { code: 'image/corrupt', message: 'm', hint: 'h', details: {} } }
        : parity(id)
    )
  )
  const results = await Promise.allSettled(
    ['x', 'y'].map((backboneId) => client.call({ type: 'parity', backboneId }, 'parity'))
  )
  expect(results[0]).toMatchObject({ status: 'rejected', reason: { code: 'image/corrupt' } })
  expect(results[1]!.status).toBe('fulfilled')
})

test('a crash answers everyone who waits; the next request starts a new worker, after a pause that grows', async () => {
  let crashes = 3
  open(({ id }, worker) => (crashes-- > 0 ? worker.exit(null, 'SIGSEGV') : worker.send(parity(id))))
  const ask = () => client.call({ type: 'parity', backboneId: 'x' }, 'parity')
  const both = await Promise.allSettled([ask(), ask()])
  for (const result of both) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'worker/crashed' } })
  await expect(ask()).rejects.toMatchObject({ code: 'worker/crashed' })
  const before = performance.now()
  expect((await ask()).id).toBe(4)
  expect(performance.now() - before).toBeGreaterThan(80)
  expect(host.started.length).toBeGreaterThanOrEqual(3)
})

test('a worker that cannot start says so to everyone', async () => {
  host = new FakeWorkerHost({
    infer: (_, worker) => {
      worker.send({
        type: 'failed',
        id: null,
        error: { code: 'device/no-executor', message: 'm', hint: 'h', details: {} }
      })
    }
  })
  client = new InferClient({
    host,
    log: new Log(folder),
    backbonesDirectories: ['/b'],
    compute: () => ({ runtime: null, threads: 1 })
  })
  await expect(client.call({ type: 'parity', backboneId: 'x' }, 'parity')).rejects.toMatchObject({
    code: 'device/no-executor'
  })
})

test('an idle worker is ended, and a changed runtime starts a new one', async () => {
  let threads = 1
  open(({ id }, worker) => worker.send(parity(id)), { idleMs: 30, compute: () => ({ runtime: null, threads }) })
  await client.call({ type: 'parity', backboneId: 'x' }, 'parity')
  threads = 2
  await client.call({ type: 'parity', backboneId: 'x' }, 'parity')
  expect(host.started.map(({ ended }) => ended)).toEqual([true, false])
  await vi.waitFor(() => expect(host.started[1]!.ended).toBe(true))
  await client.call({ type: 'parity', backboneId: 'x' }, 'parity')
  expect(host.started).toHaveLength(3)
})

function predictions(): { service: PredictionsService; jobs: JobsService; uploads: UploadsService } {
  const jobs = new JobsService()
  const uploads = new UploadsService(join(folder, 'uploads'))
  return {
    jobs,
    uploads,
    service: new PredictionsService({
      jobs,
      infer: client,
      uploads,
      model: async () => structuredClone(model) as never
    })
  }
}

test('a folder is predicted in parts', async () => {
  open(({ id }, worker) => {
    worker.send({ type: 'predictions', id, done: 1, total: 2, predictions: [prediction('a.png')] })
    worker.send({ type: 'predictions', id, done: 2, total: 2, predictions: [prediction('b.png')] })
  })
  const { service, jobs } = predictions()
  const files: string[] = []
  for await (const part of service.folder('r', folder)) files.push(...part.predictions.map(({ file }) => file))
  expect(files).toEqual(['a.png', 'b.png'])
  expect(jobs.list()[0]).toMatchObject({ kind: 'predict', state: 'done', done: 2, total: 2 })
})

test.each(['leaves', 'aborts', 'cancels the job'])(
  'a reader who %s while nothing comes ends it at once',
  async (how) => {
    const asked: string[] = []
    open(({ type, id }, worker) => {
      asked.push(type)
      if (type === 'predict-folder')
        worker.send({ type: 'predictions', id, done: 1, total: 9, predictions: [prediction('a.png')] })
    })
    const { service, jobs } = predictions()
    const aborting = new AbortController()
    const stream = service.folder('r', folder, aborting.signal)
    expect((await stream.next()).value).toMatchObject({ done: 1 })
    const pending = stream.next().catch((error: { code: string }) => error.code)
    await new Promise((resolve) => setImmediate(resolve))
    if (how === 'leaves') void stream.return!()
    else if (how === 'aborts') aborting.abort()
    else jobs.cancel(jobs.list()[0]!.id)
    expect(await pending).toBe('job/cancelled')
    await vi.waitFor(() => expect(asked).toEqual(['predict-folder', 'cancel']))
    expect(jobs.list()[0]!.state).toBe('cancelled')
  }
)

test('one picture: by path or by upload; what is wrong with it is the error', async () => {
  open(({ id, path }, worker) => {
    const refused = {
      ...prediction('x'),
      top: [],
      error: { code: 'image/corrupt', message: 'cut short', hint: 'h', details: {} }
    }
    worker.send({
      type: 'predictions',
      id,
      done: 1,
      total: 1,
      predictions: [String(path).endsWith('bad.png') ? refused : prediction('0f3a')]
    })
  })
  const { service, uploads } = predictions()
  await uploads.open()
  for (const name of ['good.png', 'bad.png']) writeFileSync(join(folder, name), 'x')
  expect(await service.image('r', { path: join(folder, 'good.png') })).toMatchObject({ file: '0f3a' })
  await expect(service.image('r', { path: join(folder, 'bad.png') })).rejects.toMatchObject({ code: 'image/corrupt' })
  await expect(service.image('r', { path: join(folder, 'none.png') })).rejects.toMatchObject({
    code: 'image/not-found'
  })
  await expect(service.image('r', { uploadId: 'none' })).rejects.toMatchObject({ code: 'image/not-found' })
  const png = new Blob([Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1')]).stream()
  const uploadId = await uploads.add('my cat.png', png as never)
  expect(await service.image('r', { uploadId })).toMatchObject({ file: 'my cat.png' })
  await uploads.close()
})
