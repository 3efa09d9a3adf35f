/** A prepared runtime on disk: what counts as one, and what a damaged one is called. */
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { bindingSources } from '../../main/engine/runtime/compiler'
import { writeKnownLoad } from '../../main/engine/runtime/known-load'
import { loadTensorFlow } from '../../main/engine/runtime/load'
import { damagedFiles, findRuntime, locationOf, readManifest } from '../../main/engine/runtime/manifest'
import { planRuntime } from '../../main/engine/runtime/plan'
import { probeMachine } from '../../main/engine/runtime/probe'
import { ensureTestRuntime } from '../fixtures/runtime'

const plan = planRuntime('cpu', process.platform, process.arch)
const binding = bindingSources().version
let real: RuntimeLocation
let cache: string
let copy: RuntimeLocation

beforeAll(async () => {
  real = await ensureTestRuntime()
  // Beside the real one, so that the large libraries can be linked instead of copied.
  cache = mkdtempSync(join(dirname(real.directory), 'test-'))
  copy = locationOf(cache, plan)
}, 600_000)
afterAll(() => rmSync(cache, { recursive: true, force: true }))

beforeEach(async () => {
  rmSync(copy.directory, { recursive: true, force: true })
  const manifest = await readManifest(real.directory)
  for (const { path } of manifest!.files) {
    const target = join(copy.directory, path)
    mkdirSync(dirname(target), { recursive: true })
    if (path.endsWith('.node')) cpSync(join(real.directory, path), target, { preserveTimestamps: true })
    else linkSync(join(real.directory, path), target)
  }
  const text = readFileSync(join(real.directory, 'manifest.json'))
  writeFileSync(join(copy.directory, 'manifest.json'), text)
})

const bindingFile = (): string => join(copy.directory, 'lib', 'napi-v8', 'tfjs_binding.node')
const find = () => findRuntime(cache, plan, binding)

test('it is found where it is whole, and names the files it is made of', async () => {
  expect(await find()).toEqual(copy)
  const manifest = await readManifest(copy.directory)
  const paths = manifest!.files.map(({ path }) => path)
  expect(paths).toEqual(expect.arrayContaining(['lib/napi-v8/tfjs_binding.node', 'deps/THIRD_PARTY_NOTICES.txt']))
  expect(paths).toEqual(expect.arrayContaining(plan.libraries.map((name) => `deps/lib/${name}`)))
  expect(manifest).toMatchObject({ version: '2.21.0', flavour: 'cpu', binding })
})

test('it is none without its manifest, for another binding, or with a file of another size', async () => {
  expect(await findRuntime(cache, plan, '0.0.1')).toBeNull()
  truncateSync(bindingFile(), 1000)
  expect(await find()).toBeNull()
  rmSync(join(copy.directory, 'manifest.json'))
  expect(await find()).toBeNull()
})

test('a copy with other times is hashed once and found; a changed file of the same size is not', async () => {
  utimesSync(bindingFile(), new Date(), new Date(Date.now() - 1e6))
  expect(await find()).toEqual(copy)
  expect((await readManifest(copy.directory))!.files.map(({ path }) => path)).toContain('lib/napi-v8/tfjs_binding.node')
  expect(await damagedFiles(copy)).toEqual([])

  const bytes = readFileSync(bindingFile())
  bytes.fill(0, 0, 64)
  writeFileSync(bindingFile(), bytes)
  expect(await find()).toBeNull()
  expect(await damagedFiles(copy)).toEqual(['lib/napi-v8/tfjs_binding.node'])
})

test('what is missing is not ready, and what is damaged is corrupt', () => {
  expect(() => loadTensorFlow({ ...copy, directory: join(cache, 'nowhere') })).toThrow(
    expect.objectContaining({ code: 'runtime/not-ready' })
  )
  truncateSync(bindingFile(), 10)
  expect(() => loadTensorFlow(copy)).toThrow(
    expect.objectContaining({ code: 'runtime/corrupt', message: expect.stringContaining('too short') })
  )
})

test('a probe believes that it loads where it once did, unless it is told to try', async () => {
  await writeKnownLoad(copy, { version: 'as it was', device: 'CPU' })
  const known = await probeMachine(cache, 'unless-known')
  expect(known).toMatchObject({
    tensorflow: { loads: true, version: 'as it was' },
    flavours: { cpu: { location: copy } }
  })
  expect(await probeMachine(cache, 'never')).toMatchObject({ tensorflow: null, flavours: { cpu: { location: copy } } })
  truncateSync(bindingFile(), 100)
  expect(await probeMachine(cache, 'unless-known')).toMatchObject({ tensorflow: null })
})
