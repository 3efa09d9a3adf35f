/** The runtime worker as a real process: its channel, its probe, and how its failures cross. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runtimeMessageSchema, type RuntimeMessage } from '@shared/worker-protocol/runtime'
import { DevicesService } from '../../main/services/devices/devices'
import { JobsService } from '../../main/services/jobs/jobs'
import { ForkHost } from '../../main/supervisor/fork-host'
import { buildFolder, bundle } from '../fixtures/bundle'
import { fakePython } from '../fixtures/fake-programs'

const workersDirectory = buildFolder('runtime-worker')
let root: string
let cacheDirectory: string

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'whetstone-runtime-worker-'))
  cacheDirectory = join(root, 'cache')
  await bundle({ runtime: 'main/workers/runtime.ts' }, workersDirectory)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A process of the worker, with every message it sends and how it ends. */
function start(PATH = join(root, 'nothing')) {
  const child = fork(join(workersDirectory, 'runtime.cjs'), { env: { PATH }, silent: true, execArgv: [] })
  const messages: RuntimeMessage[] = []
  child.on('message', (message) => messages.push(runtimeMessageSchema.parse(message)))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  return { child, messages, ended }
}

test('a probe of a bare machine: what was looked for, in order, and what loads', async () => {
  const { child, messages, ended } = start()
  child.send({ type: 'probe', cacheDirectory, load: 'always' })
  expect(await ended).toBe(0)
  expect(messages).toHaveLength(1)
  const facts = messages[0]?.type === 'probed' ? messages[0].facts : null
  expect(facts).toMatchObject({
    tensorflow: null,
    onnxruntime: { loads: true, device: 'CPU' },
    wasm: { loads: true },
    flavours: { cpu: { location: null }, gpu: { location: null } }
  })
  expect(facts?.cpu.threads).toBeGreaterThan(0)
  const looked = facts?.probes.map(({ what }) => what.split(/[,:]/)[0])
  expect(looked?.[0]).toBe('NVIDIA GPU')
  expect(looked?.slice(-4)).toEqual([
    'TensorFlow 2.21.0 for NVIDIA GPUs',
    'TensorFlow 2.21.0 for CPUs',
    'ONNX Runtime',
    'ONNX Runtime'
  ])
  expect(existsSync(cacheDirectory)).toBe(false)
})

test('a failure is the last message, with its code; then the process ends with 1', async () => {
  const { child, messages, ended } = start()
  child.send({ type: 'start', cacheDirectory, flavour: 'cpu' })
  expect(await ended).toBe(1)
  expect(messages.at(-1)).toMatchObject({ type: 'failed', error: { code: 'runtime/no-python' } })
})

test('a request that does not fit the protocol ends it, said aloud', async () => {
  const { child, messages, ended } = start()
  child.send({ type: 'start', flavour: 'quantum' })
  expect(await ended).toBe(1)
  expect(messages).toMatchObject([{ type: 'failed', error: { code: 'internal' } }])
})

/** A machine whose pip fetches for ever. */
function slowMachine(name: string): string {
  const programs = join(root, name)
  mkdirSync(programs)
  fakePython(programs, 'python3', { download: `touch "${programs}/fetching"; exec sleep 60` })
  return programs
}

test('it ends with the studio, and so does what it started', async () => {
  const programs = slowMachine('orphan')
  const { child, ended } = start(programs)
  child.send({ type: 'start', cacheDirectory, flavour: 'cpu' })
  await vi.waitFor(() => expect(existsSync(join(programs, 'fetching'))).toBe(true), 10_000)
  const pip = childrenOf(child.pid!)
  expect(pip).toHaveLength(1)
  child.disconnect()
  expect(await ended).toBe(0)
  await vi.waitFor(() => expect(() => process.kill(pip[0]!, 0)).toThrow('ESRCH'), 10_000)
})

test('stopped by the user, through the whole service', async () => {
  const programs = slowMachine('stop')
  const jobs = new JobsService()
  const host = new ForkHost({ workersDirectory, env: { PATH: programs } })
  const devices = new DevicesService({ host, jobs, cacheDirectory })
  await devices.start()
  expect(devices.report().ladder.map(({ state }) => state)).toContain('preparing')
  await vi.waitFor(() => expect(existsSync(join(programs, 'fetching'))).toBe(true), 10_000)
  jobs.cancel(jobs.list()[0]!.id)
  expect(await devices.settled()).toMatchObject({ state: 'absent', error: null })
  expect(jobs.list()[0]?.state).toBe('cancelled')
  expect(readdirSync(join(cacheDirectory, 'runtime')).filter((name) => name.includes('.lock'))).toEqual([])
  await devices.close()
})

function childrenOf(pid: number): number[] {
  const task = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(task)) return []
  return readFileSync(task, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}
