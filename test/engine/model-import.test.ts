/** Models that people bring: the real worker reads them, in a process of its own, into a real home. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Job } from '@shared/domain/job'
import { loadBackbone } from '../../main/engine/backbones/load-backbone'
import { openStoreInProcess } from '../../main/store/open-in-process'
import { createStudio, type Studio } from '../../main/studio'
import { ForkHost } from '../../main/supervisor/fork-host'
import { bundle, buildFolder } from '../fixtures/bundle'
import { writeTinyModel } from '../fixtures/tiny-model'

const workers = buildFolder('model-import')
let folder: string
let studio: Studio

beforeAll(() => bundle({ models: 'main/workers/models.ts', runtime: 'main/workers/runtime.ts' }, workers), 120_000)
afterAll(() => rmSync(workers, { recursive: true, force: true }))

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'models-'))
  const home = join(folder, 'home')
  mkdirSync(home)
  studio = await createStudio({
    home,
    cache: join(folder, 'cache'),
    resources: resolve(import.meta.dirname, '../../resources'),
    host: new ForkHost({ workersDirectory: workers }),
    openStore: openStoreInProcess,
    door: 'cli',
    version: '1.2.3'
  })
})
afterEach(async () => {
  await studio.close({ training: 'interrupt' })
  rmSync(folder, { recursive: true, force: true })
})

const shelf = (): string[] => readdirSync(join(folder, 'home', 'backbones'))

async function imported(path: string, more: object = {}): Promise<Job> {
  const job = await studio.models.import({ path, ...more })
  return studio.jobs.settled(job.id)
}

test('a LayersModel comes in checked, described, measured, and loads as a backbone', async () => {
  const job = await imported(writeTinyModel(join(folder, 'Tiny Net')), { name: 'My tiny net' })
  expect(job.error).toBeNull()
  expect(job).toMatchObject({ state: 'done', backboneId: 'my-tiny-net' })
  expect(shelf()).toEqual(['my-tiny-net'])
  const backbone = await studio.models.get('my-tiny-net')
  expect(backbone).toMatchObject({
    name: 'My tiny net',
    origin: 'imported',
    form: 'graph',
    trainable: true,
    // 3·3·3·8 + 8 and 3·3·8·16 + 16; the top does not count.
    parameters: 216 + 8 + 1152 + 16,
    // On 16 × 16 and 8 × 8 places.
    multiplyAdds: 216 * 256 + 1152 * 64,
    featureWidth: 16,
    provenance: { how: 'import', file: 'Tiny Net', sourceFormat: 'TF.js LayersModel' }
  })
  expect(backbone.contract.size).toBe(32)
  expect(backbone.provenance?.parity).toMatchObject({ passed: true })
  expect(backbone.provenance!.parity!.maxDifference).toBeLessThan(1e-4)
  expect(backbone.speed?.msPerImage).toBeGreaterThan(0)
  const loaded = await loadBackbone([join(folder, 'home', 'backbones')], 'my-tiny-net')
  expect(loaded.graph?.output).toBe('predictions')
  expect(loaded.info.weightsHash).toBe(backbone.weightsHash)
}, 60_000)

test('the same model twice: two ids; a name that is taken is refused before anything is read', async () => {
  const path = writeTinyModel(join(folder, 'tiny'))
  expect((await imported(path)).backboneId).toBe('tiny')
  expect((await imported(path)).backboneId).toBe('tiny-2')
  expect((await studio.models.list()).map(({ name }) => name)).toEqual(expect.arrayContaining(['tiny', 'tiny 2']))
  await expect(studio.models.import({ path, name: 'tiny' })).rejects.toMatchObject({ code: 'backbone/exists' })
  expect(shelf().sort()).toEqual(['tiny', 'tiny-2'])
}, 60_000)

test('what cannot be read gets a coded error and leaves nothing behind', async () => {
  const torn = writeTinyModel(join(folder, 'torn'))
  truncateSync(join(torn, 'group1-shard1of1.bin'), 100)
  const climbing = writeTinyModel(join(folder, 'climbing'))
  const document = readFileSync(join(climbing, 'model.json'), 'utf8')
  writeFileSync(join(climbing, 'model.json'), document.replace('group1-shard1of1.bin', '../torn/group1-shard1of1.bin'))
  const absurd = writeTinyModel(join(folder, 'absurd'))
  const shapes = readFileSync(join(absurd, 'model.json'), 'utf8')
  writeFileSync(join(absurd, 'model.json'), shapes.replace('"shape":[3,3,3,8]', '"shape":[3,3,3,800000000]'))
  const noise = join(folder, 'noise.h5')
  writeFileSync(noise, Buffer.from('\x89HDF\r\n\x1a\n not really'))
  for (const path of [torn, climbing, absurd, noise, join(folder, 'home')]) {
    const { state, error } = await imported(path)
    expect(state).toBe('failed')
    expect(error?.code, `${path}: ${error?.message}`).toMatch(/^backbone\//)
  }
  expect(shelf()).toEqual([])
  await expect(studio.models.import({ path: join(folder, 'nowhere') })).rejects.toMatchObject({
    code: 'backbone/no-source'
  })
}, 60_000)

test('an import that is stopped leaves nothing behind', async () => {
  const job = await studio.models.import({ path: writeTinyModel(join(folder, 'tiny')) })
  studio.jobs.cancel(job.id)
  expect(await studio.jobs.settled(job.id)).toMatchObject({ state: 'cancelled', backboneId: null })
  expect(shelf()).toEqual([])
}, 60_000)

test('an architecture without trained weights can be created', async () => {
  const { id } = await studio.models.create({ architecture: 'mobilenet-0.25', name: 'Untrained', size: 96 })
  const job = await studio.jobs.settled(id)
  expect(job.error).toBeNull()
  expect(await studio.models.get('untrained')).toMatchObject({
    family: 'MobileNet',
    featureWidth: 256,
    contract: { size: 96 },
    provenance: { how: 'random', architecture: 'mobilenet-0.25', contract: { from: 'architecture' } }
  })
  const refused = { architecture: 'mobilenet-0.25', name: 'other' }
  await expect(studio.models.create({ ...refused, architecture: 'alexnet' })).rejects.toMatchObject({
    code: 'backbone/unknown-architecture'
  })
  await expect(studio.models.create({ ...refused, size: 16 })).rejects.toMatchObject({ code: 'usage/invalid' })
  await expect(studio.models.create({ ...refused, name: 'UNTRAINED' })).rejects.toMatchObject({
    code: 'backbone/exists'
  })
}, 60_000)
