/** Every method of the contract, called as a door calls it: oRPC checks each input and output against its schema. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { isDefinedError, ORPCError } from '@orpc/client'
import { createRouterClient, type RouterClient } from '@orpc/server'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { contract } from '@shared/contract'
import { presetConfig } from '@shared/domain/presets'
import { errorDataSchema } from '@shared/errors'
import { router } from '../../main/router'
import { doctorScript } from '../fixtures/doctor-script'
import { openStudio, PNG, type StudioFixture } from '../fixtures/studio'

let fixture: StudioFixture
let api: RouterClient<typeof router>
const called = new Set<string>()

beforeAll(async () => {
  fixture = await openStudio({ doctor: doctorScript })
  api = createRouterClient(router, {
    context: { studio: fixture.studio },
    interceptors: [
      ({ next, path }) => {
        called.add(path.join('.'))
        return next()
      }
    ]
  })
})
afterAll(() => fixture.close())

const config = presetConfig('default', 'head')

async function first<T>(stream: AsyncIterable<T>): Promise<T> {
  for await (const value of stream) return value
  throw new Error('the stream was empty')
}

/** The data of the contract's own error; anything else fails the test. */
async function failure(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await call.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown
  )
  expect(error).toBeInstanceOf(ORPCError)
  expect(isDefinedError(error)).toBe(true)
  return errorDataSchema.parse((error as ORPCError<string, unknown>).data)
}

async function importPictures(): Promise<string> {
  const { dataset, job } = await api.datasets.import({ path: fixture.pictures })
  expect((await fixture.studio.jobs.settled(job.id)).error).toBeNull()
  return dataset.id
}

test('system', async () => {
  expect(await api.system.info()).toMatchObject({
    door: 'browser',
    version: '1.2.3',
    home: join(fixture.folder, 'home')
  })
  expect(await api.system.saveSettings({ theme: 'dark' })).toMatchObject({ theme: 'dark', sidebarCollapsed: false })
  expect(await api.system.settings()).toMatchObject({ theme: 'dark' })
  mkdirSync(join(fixture.folder, '.hidden'))
  const listing = await api.system.browse({ path: fixture.pictures })
  expect(listing.folders.map(({ name }) => name)).toEqual(['cat', 'dog'])
  expect((await api.system.browse({ path: join(fixture.pictures, 'cat') })).imageCount).toBe(12)
  expect((await api.system.browse({ path: fixture.folder })).folders.map(({ name }) => name)).not.toContain('.hidden')
  expect((await api.system.browse({ path: null })).parent).not.toBeNull()
  expect(await failure(api.system.browse({ path: '/no/such/folder' }))).toMatchObject({
    code: 'dataset/folder-missing'
  })
  expect(await failure(api.system.cancelJob({ jobId: 'none' }))).toMatchObject({ code: 'job/not-found' })
})

test('the status comes at once, then with every change, and its revisions grow', async () => {
  const stream = await api.system.watch()
  const before = await first(stream)
  expect(before.device.summary).toContain('TensorFlow')
  const following = await api.system.watch()
  const opening = await following.next()
  const start = opening.done ? NaN : opening.value.revision.datasets
  await importPictures()
  let revision = start
  for await (const status of following) {
    revision = status.revision.datasets
    if (revision > start) break
  }
  expect(revision).toBeGreaterThan(start)
})

test('datasets', async () => {
  const datasetId = await importPictures()
  expect(await api.datasets.list()).toHaveLength(1)
  expect(await api.datasets.get({ datasetId })).toMatchObject({ imageCount: 24, classCount: 2, state: 'ready' })
  expect((await api.datasets.classes({ datasetId })).map(({ name, total }) => [name, total])).toEqual([
    ['cat', 12],
    ['dog', 12]
  ])
  const { total, images } = await api.datasets.images({ datasetId, filter: { label: 'dog' }, limit: 5 })
  expect([total, images.length]).toEqual([12, 5])
  expect(await api.datasets.report({ datasetId })).toMatchObject({ imported: 24 })
  expect(await api.datasets.rename({ datasetId, name: 'Pets' })).toMatchObject({ name: 'Pets' })
  const again = await api.datasets.reimport({ datasetId })
  expect(await fixture.studio.jobs.settled(again.job.id)).toMatchObject({ state: 'done' })
  const sample = await api.datasets.importSample()
  await fixture.studio.jobs.settled(sample.job.id)
  expect(await api.datasets.get({ datasetId: sample.dataset.id })).toMatchObject({ source: 'sample', imageCount: 997 })
  await api.datasets.remove({ datasetId: sample.dataset.id })
  expect(await failure(api.datasets.get({ datasetId: sample.dataset.id }))).toMatchObject({ code: 'dataset/not-found' })
  expect(await failure(api.datasets.import({ path: join(fixture.folder, 'none') }))).toMatchObject({
    code: 'dataset/folder-missing'
  })
})

test('models', async () => {
  const [model] = await api.models.list()
  expect(model).toMatchObject({ id: 'efficientnet-lite0', featureWidth: 1280, speed: null })
  const datasetId = await importPictures()
  const { images } = await api.datasets.images({ datasetId })
  const preview = { backboneId: model!.id, imageId: images[0]!.id, contract: null }
  expect(await api.models.preview(preview)).toMatchObject({ range: { min: -1 } })
  expect(await failure(api.models.preview({ ...preview, imageId: 99_999 }))).toMatchObject({ code: 'image/not-found' })
  expect(await failure(api.models.preview({ ...preview, backboneId: '../..' }))).toMatchObject({
    code: 'backbone/not-found'
  })
})

test('a backbone of one’s own: imported, measured, corrected, trained on, removed', async () => {
  const arrive = async (job: { id: string }) => fixture.studio.jobs.settled(job.id)
  const file = join(fixture.folder, 'Mine')
  writeFileSync(file, '')
  const job = await arrive(await api.models.import({ path: file, name: 'My net' }))
  expect(job).toMatchObject({ kind: 'backbone', state: 'done', backboneId: 'my-net', error: null })
  const backboneId = 'my-net'
  expect(await api.models.get({ backboneId })).toMatchObject({
    name: 'My net',
    origin: 'imported',
    speed: { msPerImage: 20 },
    provenance: { notes: ['A note.'], contract: { from: 'proposed', certainty: 0.4 } }
  })
  expect(await failure(api.models.import({ path: file, name: 'My net' }))).toMatchObject({ code: 'backbone/exists' })
  expect(await failure(api.models.import({ path: join(fixture.folder, 'nowhere') }))).toMatchObject({
    code: 'backbone/no-source'
  })
  expect(await failure(api.models.import({ path: file, name: ' ' }))).toMatchObject({ code: 'request/invalid' })
  expect((await arrive(await api.models.import({ path: file }))).backboneId).toBe('mine')
  const plan = { architecture: 'mobilenet-0.25', name: 'Blank', size: 96 }
  expect(await arrive(await api.models.create(plan))).toMatchObject({
    title: 'Create MobileNet 0.25',
    backboneId: 'blank'
  })
  expect(await failure(api.models.create(plan))).toMatchObject({ code: 'backbone/exists' })
  expect(await failure(api.models.create({ ...plan, name: 'B', size: 8 }))).toMatchObject({ code: 'request/invalid' })
  await api.models.remove({ backboneId: 'blank' })
  expect(await failure(api.models.create({ architecture: 'alexnet' }))).toMatchObject({
    code: 'backbone/unknown-architecture'
  })

  expect(await api.models.measure({ backboneId })).toHaveLength(2)
  expect((await api.models.get({ backboneId })).speed).toMatchObject({ imagesPerSecond: 100 })
  expect(await failure(api.models.measure({ backboneId: 'none' }))).toMatchObject({ code: 'backbone/not-found' })
  expect(await api.models.rename({ backboneId, name: 'Renamed' })).toMatchObject({ id: backboneId, name: 'Renamed' })
  expect(await failure(api.models.rename({ backboneId, name: 'mine' }))).toMatchObject({ code: 'backbone/exists' })
  const { contract } = await api.models.get({ backboneId })
  const raw = { ...contract, mean: [0, 0, 0] as [number, number, number] }
  expect(await api.models.setContract({ backboneId, contract: raw })).toMatchObject({
    contract: { mean: [0, 0, 0] },
    provenance: { contract: { from: 'user', certainty: null } }
  })
  const std = [0, 1, 1] as [number, number, number]
  expect(await failure(api.models.setContract({ backboneId, contract: { ...raw, std } }))).toMatchObject({
    code: 'request/invalid'
  })
  const embedded = { backboneId: 'efficientnet-lite0' }
  expect(await failure(api.models.setContract({ ...embedded, contract: raw }))).toMatchObject({
    code: 'backbone/embedded'
  })
  expect(await failure(api.models.remove(embedded))).toMatchObject({ code: 'backbone/embedded' })
  expect(await failure(api.models.remove({ backboneId: '../..' }))).toMatchObject({ code: 'backbone/not-found' })

  const datasetId = await importPictures()
  const run = await api.runs.start({ datasetId, config: { ...config, backboneId } })
  await fixture.studio.runs.settled(run.id)
  expect(await failure(api.models.remove({ backboneId }))).toMatchObject({ code: 'backbone/in-use' })
  await api.models.remove({ backboneId, force: true })
  await api.runs.remove({ runId: run.id })
  expect((await api.models.list()).map(({ id }) => id)).toEqual(['efficientnet-lite0', 'mine'])
  await api.models.remove({ backboneId: 'mine' })
})

test('an import that fails, crashes or is stopped leaves nothing behind', async () => {
  const shelf = join(fixture.folder, 'home', 'backbones')
  for (const [what, code] of [
    ['broken', 'backbone/corrupt'],
    ['hostile', 'worker/crashed']
  ] as const) {
    writeFileSync(join(fixture.folder, what), '')
    const { id } = await api.models.import({ path: join(fixture.folder, what) })
    expect(await fixture.studio.jobs.settled(id)).toMatchObject({ state: 'failed', error: { code }, backboneId: null })
  }
  writeFileSync(join(fixture.folder, 'endless'), '')
  const { id } = await api.models.import({ path: join(fixture.folder, 'endless') })
  await api.system.cancelJob({ jobId: id })
  expect(await fixture.studio.jobs.settled(id)).toMatchObject({ state: 'cancelled' })
  expect(readdirSync(shelf)).toEqual([])
})

test('what the studio offers is fetched once', async () => {
  expect((await api.models.offers()).map(({ id, present }) => [id, present])).toEqual([
    ['efficientnet-lite1', false],
    ['efficientnet-lite2', false]
  ])
  const job = await api.models.fetch({ offer: 'lite1' })
  expect(await fixture.studio.jobs.settled(job.id)).toMatchObject({ backboneId: 'efficientnet-lite1' })
  expect((await api.models.offers())[0]).toMatchObject({ present: true })
  expect(await failure(api.models.fetch({ offer: 'efficientnet-lite1' }))).toMatchObject({ code: 'backbone/exists' })
  expect(await failure(api.models.fetch({ offer: 'resnet' }))).toMatchObject({ code: 'backbone/unknown-offer' })
  await api.models.remove({ backboneId: 'efficientnet-lite1' })
})

test('the folders of a page show models when it asks for them', async () => {
  const folder = join(fixture.folder, 'models')
  mkdirSync(folder)
  for (const name of ['b.keras', 'a.h5', 'c.tar.gz', 'notes.txt']) writeFileSync(join(folder, name), 'x')
  expect(
    (await api.system.browse({ path: folder, models: true })).models.map(({ name, bytes }) => [name, bytes])
  ).toEqual([
    ['a.h5', 1],
    ['b.keras', 1],
    ['c.tar.gz', 1]
  ])
  expect((await api.system.browse({ path: folder })).models).toEqual([])
})

test('augmentation preview', async () => {
  const [model] = await api.models.list()
  const datasetId = await importPictures()
  const { images } = await api.datasets.images({ datasetId })
  const { augmentation } = presetConfig('default', 'finetune')
  const ask = { backboneId: model!.id, contract: null, augmentation, seed: 3, imageIds: [images[0]!.id] }
  expect(await api.augmentation.preview(ask)).toMatchObject([{ epoch: 0, description: 'unchanged' }])
  expect(await failure(api.augmentation.preview({ ...ask, imageIds: [99_999] }))).toMatchObject({
    code: 'image/not-found'
  })
  expect(await failure(api.augmentation.preview({ ...ask, backboneId: '../..' }))).toMatchObject({
    code: 'backbone/not-found'
  })
  expect(await failure(api.augmentation.preview({ ...ask, imageIds: [] }))).toMatchObject({ code: 'request/invalid' })
})

test('devices', async () => {
  expect(await api.devices.refresh()).toMatchObject({ runtime: { state: 'ready' } })
  expect(await api.devices.report()).toMatchObject({ training: 'tensorflow' })
  expect(await api.devices.measure()).toHaveLength(2)
  expect((await api.models.list())[0]!.speed).toMatchObject({ executor: 'onnxruntime', imagesPerSecond: 100 })
  expect(await api.devices.benchmark()).toMatchObject({ products: [{ gigaflops: 8 }], backbones: [] })
  expect(fixture.studio.jobs.list()[0]).toMatchObject({ kind: 'measure', state: 'done' })
  await api.devices.prepareRuntime({ flavour: 'cpu' })
  await vi.waitFor(() => expect(fixture.studio.jobs.list()[0]).toMatchObject({ kind: 'runtime', state: 'done' }))
})

test('runs, from the recommended settings to predictions and an export', async () => {
  const datasetId = await importPictures()
  const defaults = await api.runs.defaults({ datasetId, mode: 'head', preset: 'default' })
  expect(defaults.config.mode).toBe('head')
  expect(await api.runs.estimate({ datasetId, config: defaults.config })).toMatchObject({
    images: 24,
    classes: 2,
    blocked: null
  })
  const nowhere = async (): Promise<void> => {
    for await (const event of await api.runs.rangeTest({ datasetId: 'nowhere', config: defaults.config })) void event
  }
  await expect(nowhere()).rejects.toThrow(/nowhere/)
  const run = await api.runs.start({ datasetId, config: defaults.config, name: 'the first' })
  expect(run).toMatchObject({ name: 'the first', state: 'queued' })
  const types = new Set<string>()
  for await (const event of await api.runs.watch({ runId: run.id })) types.add(event.type)
  expect([...types][0]).toBe('snapshot')
  expect(await api.runs.get({ runId: run.id })).toMatchObject({ state: 'completed' })
  expect(await api.runs.list()).toHaveLength(1)
  expect(await api.runs.metrics({ runId: run.id })).toHaveLength(6)
  expect(await api.runs.evaluation({ runId: run.id })).toMatchObject({ split: 'test', count: 4 })
  expect(await api.runs.report({ runId: run.id })).toMatchObject({ splitCount: 4, evaluation: { accuracy: 3 / 4 } })
  expect(await api.runs.classCurves({ runId: run.id, label: 'cat' })).toMatchObject({ roc: { area: 0.75 } })
  const wrong = await api.runs.predictions({ runId: run.id, filter: { split: 'test', wrongOnly: true } })
  expect(wrong).toMatchObject({ total: 1, predictions: [{ correct: false }] })
  expect(await api.runs.rename({ runId: run.id, name: 'renamed' })).toMatchObject({ name: 'renamed' })
  const calibrated = await api.runs.calibrate({ runId: run.id })
  expect(calibrated.calibration).toEqual({ ...(await api.runs.get({ runId: run.id })).calibration })
  expect(calibrated.calibration!.nllBefore).toBeCloseTo(-(3 * Math.log(0.9) + Math.log(0.1)) / 4, 6)
  expect((await api.runs.report({ runId: run.id }))!.calibration).toMatchObject({
    temperature: calibrated.calibration!.temperature
  })
  expect(await failure(api.runs.stop({ runId: run.id }))).toMatchObject({ code: 'run/not-active' })
  expect(await failure(api.runs.pause({ runId: run.id }))).toMatchObject({ code: 'run/not-pausable' })
  expect(await failure(api.runs.resume({ runId: run.id }))).toMatchObject({ code: 'run/not-resumable' })

  const other = await api.runs.start({ datasetId, config: presetConfig('naive', 'head') })
  await fixture.studio.runs.settled(other.id)
  const comparison = await api.compare.runs({ runIds: [run.id, other.id] })
  expect(comparison).toMatchObject({ sameTestSet: true, tests: [{ count: 4, onlyA: 0, onlyB: 0, p: 1 }] })
  expect(comparison.verdict).toContain('A tie')
  const flips = await api.compare.flips({ a: run.id, b: other.id, kind: 'only-a' })
  expect(flips).toMatchObject({ common: 4, bothRight: 3, bothWrongAlike: 1, total: 0 })
  expect(comparison.differences.map(({ key }) => key)).toContain('head.learningRate')
  expect(await failure(api.compare.runs({ runIds: [run.id, run.id] }))).toMatchObject({ code: 'compare/too-few' })

  const path = join(fixture.folder, 'one.png')
  writeFileSync(path, PNG)
  expect(await api.predictions.image({ runId: run.id, source: { path } })).toMatchObject({ top: [{ label: 'cat' }] })
  let done = 0
  for await (const part of await api.predictions.folder({ runId: run.id, path: fixture.folder })) done = part.done
  expect(done).toBe(2)
  const unreadable = async (): Promise<unknown> => first(await api.predictions.folder({ runId: run.id, path }))
  expect(await failure(unreadable())).toMatchObject({ code: 'predict/no-images' })

  const [image] = (await api.datasets.images({ datasetId, filter: {}, limit: 1 })).images
  const { studio } = fixture
  const uploadId = await studio.uploads.add('cat.png', Readable.toWeb(Readable.from([PNG])))
  for (const source of [{ path }, { imageId: image!.id }, { uploadId }]) {
    const map = await api.predictions.heatMap({ runId: run.id, source, classIndex: 1, method: 'occlusion' })
    expect(map).toMatchObject({ classIndex: 1, method: 'occlusion', width: 1 })
  }
  const looking = studio.jobs.list().find(({ title }) => title.startsWith('Occlusion map of cat.png'))
  expect(looking).toMatchObject({ state: 'done', kind: 'predict', runId: run.id })
  const noPicture = api.predictions.heatMap({ runId: run.id, source: { path: join(fixture.folder, 'none.png') } })
  expect(await failure(noPicture)).toMatchObject({ code: 'image/not-found' })
  const similar = await api.predictions.similar({ runId: run.id, imageId: image!.id })
  expect(similar).toMatchObject({ compared: 20, images: [{ image: { id: image!.id }, distance: 0 }] })
  expect(similar.note).toBe('Left out: 1 that the dataset no longer holds.')
  const unknown = api.predictions.similar({ runId: run.id, imageId: 1_000_000 })
  expect(await failure(unknown)).toMatchObject({ code: 'image/not-found' })

  const directory = join(fixture.folder, 'export')
  expect(await api.exports.layersModel({ runId: run.id, directory })).toMatchObject({ parity: { images: 4 } })
  expect(await failure(api.exports.layersModel({ runId: run.id, directory: fixture.pictures }))).toMatchObject({
    code: 'export/exists'
  })
  expect(await failure(api.exports.layersModel({ runId: run.id, directory: 'relative' }))).toMatchObject({
    code: 'export/failed'
  })
  await api.runs.remove({ runId: other.id })
  await api.runs.restore({ runIds: [other.id] })
  await api.runs.annotate({ runIds: [run.id, other.id], tags: { add: ['both'] }, starred: true })
  const table = await api.runs.query({ filter: 'tag:both', sort: [{ key: 'name' }], groupBy: ['mode'], limit: 1 })
  expect(table).toMatchObject({ total: 2, rows: [{ starred: true, tags: ['both'] }], groups: [{ count: 2 }] })
  expect(table.facets.find(({ key }) => key === 'tag')?.values).toEqual([{ value: 'both', count: 2 }])
  expect(await failure(api.runs.query({ filter: 'tag =' }))).toMatchObject({ code: 'query/invalid' })
  expect((await api.runs.columns()).map(({ key }) => key)).toContain('head.learningRate')
  const csv = await api.runs.exportTable({ filter: 'tag:both', columns: ['tag'], format: 'csv' })
  expect(
    csv
      .split('\r\n')
      .slice(1, 3)
      .every((line) => line.endsWith(',both'))
  ).toBe(true)
  expect((await api.runs.get({ runId: other.id })).removedAt).toBeNull()
  await api.runs.remove({ runId: other.id })
  await api.runs.purge({ runId: other.id })
  expect(await failure(api.runs.get({ runId: other.id }))).toMatchObject({ code: 'run/not-found' })
  expect(await failure(api.runs.watch({ runId: other.id }))).toMatchObject({ code: 'run/not-found' })
})

test('a rejected input names the setting; a defect becomes an id in the log and nothing else', async () => {
  const wrong = { ...config, head: { ...config.head, epochs: 0 } }
  const named = await failure(api.runs.start({ datasetId: 'd', config: wrong }))
  expect(named).toMatchObject({ code: 'config/invalid', message: expect.stringContaining("'head.epochs'") })
  expect(await failure(api.datasets.rename({ datasetId: 'd', name: '' }))).toMatchObject({
    code: 'request/invalid',
    message: expect.stringContaining("'name'")
  })
  const defect = vi.spyOn(fixture.studio.datasets, 'list').mockRejectedValueOnce(new TypeError('secret /etc/path'))
  const data = await failure(api.datasets.list())
  defect.mockRestore()
  expect(data.code).toBe('internal')
  expect(JSON.stringify(data)).not.toContain('secret')
  expect(data.message).toMatch(/log id [0-9a-f]{8}/)
})

async function all<T>(stream: Promise<AsyncIterable<T>>): Promise<T[]> {
  const values: T[] = []
  for await (const value of await stream) values.push(value)
  return values
}

test('curves, cut down to the pixels in view', async () => {
  const [run] = await api.runs.list()
  const runIds = [run!.id]
  const [series] = await api.runs.series({ runIds })
  expect(series!.runs).toBe(1)
  const { bounds, curves } = await api.runs.curves({ runIds, series: series!.name, pixels: 100 })
  expect(curves).toMatchObject([{ runId: run!.id }])
  expect(bounds![0]).toBeLessThanOrEqual(bounds![1])
  expect(await failure(api.runs.curves({ runIds: [], series: 'x', pixels: 100 }))).toMatchObject({
    code: 'request/invalid'
  })
})

test('the doctor, before a run and after it', async () => {
  const [run] = await api.runs.list()
  const events = await all(api.doctor.preflight({ datasetId: run!.datasetId, config }))
  expect(events.at(-1)).toMatchObject({ type: 'diagnosis' })
  await api.doctor.run({ runId: run!.id })
  const { ignored } = await api.doctor.ignore({ runId: run!.id, code: 'data/too-few', note: 'There are no more.' })
  expect(ignored).toMatchObject([{ code: 'data/too-few', note: 'There are no more.' }])
  expect(await failure(api.doctor.run({ runId: 'nowhere' }))).toMatchObject({ code: 'run/not-found' })
  expect(await failure(api.doctor.applyAndRestart({ runId: run!.id, code: 'data/too-few' }))).toMatchObject({
    code: 'doctor/no-repair'
  })
})

test('the gap between two runs, by experiment', async () => {
  const datasetId = await importPictures()
  const pair: string[] = []
  for (const epochs of [3, 9]) {
    const { id } = await api.runs.start({ datasetId, config: { ...config, head: { ...config.head, epochs } } })
    await fixture.studio.runs.settled(id)
    pair.push(id)
  }
  const started = await api.explain.start({ a: pair[0]!, b: pair[1]!, seeds: 1 })
  const explanationId = started.id
  const events = await all(api.explain.watch({ explanationId }))
  expect(events.at(-1)!.explanation).toMatchObject({ state: 'completed', factors: [{ id: 'course' }] })
  await api.explain.stop({ explanationId })
  expect(await api.explain.get({ explanationId })).toMatchObject({ id: explanationId, experiments: [{}, {}] })
  expect(await api.explain.list()).toMatchObject([{ id: explanationId }])
  await api.explain.remove({ explanationId })
  expect(await api.explain.list()).toEqual([])
})

test('which backbone is worth its time', async () => {
  const datasetId = await importPictures()
  const { id } = await api.advisor.start({ datasetId })
  const events = await all(api.advisor.watch({ adviceId: id }))
  expect(events.at(-1)).toMatchObject({ advice: { id } })
  await api.advisor.stop({ adviceId: id })
  expect(await api.advisor.latest({ datasetId })).toMatchObject({ id })
})

test('runs come from other programs, and go there', async () => {
  const directory = join(fixture.folder, 'mlruns')
  const [run] = await api.runs.list()
  const { folders } = await api.interop.export({ source: 'mlflow', directory, runIds: [run!.id] })
  expect(folders).toHaveLength(1)
  const { added, notes } = await api.interop.import({ source: 'mlflow', path: directory })
  expect(notes).toEqual([])
  expect(added).toMatchObject([{ name: run!.name }])
  const brought = await api.runs.get({ runId: added[0]!.id })
  expect(brought.imported).toMatchObject({ source: 'mlflow', settings: { 'head.epochs': run!.config.head.epochs } })
  const empty = join(fixture.folder, 'pictures-none')
  mkdirSync(empty)
  expect(await failure(api.interop.import({ source: 'tensorboard', path: empty }))).toMatchObject({
    code: 'interop/nothing-found'
  })
  expect(await failure(api.interop.import({ source: 'tensorboard', path: 'here' }))).toMatchObject({
    code: 'interop/unreadable'
  })
  const page = await api.compare.report({ runIds: [run!.id, brought.id] })
  expect(page).toContain('<!doctype html>')
  expect(page).toContain('from mlflow')
})

test('no method was left out', () => {
  const all = Object.entries(contract).flatMap(([area, methods]) =>
    Object.keys(methods).map((method) => `${area}.${method}`)
  )
  expect(all.filter((method) => !called.has(method))).toEqual([])
})
