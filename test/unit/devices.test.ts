import { expect, test, vi } from 'vitest'
import { StudioError } from '@shared/errors'
import type { RuntimeStatus } from '@shared/domain/device'
import { deviceReportSchema } from '@shared/domain/device'
import type { MachineFacts, RuntimeMessage } from '@shared/worker-protocol/runtime'
import { DevicesService } from '../../main/services/devices/devices'
import { describeDevices } from '../../main/services/devices/report'
import { JobsService } from '../../main/services/jobs/jobs'
import { FakeWorkerHost, type Script } from '../fixtures/fake-worker-host'

const GPU = { name: 'NVIDIA L4', memoryBytes: 23034 * 2 ** 20, driver: '550.54', computeCapability: '8.9' }
const location = (flavour: 'cpu' | 'gpu') => ({ directory: `/cache/${flavour}`, version: '2.21.0', flavour })
const loads = (version: string, device = 'CPU') => ({ loads: true as const, version, device })
const refuses = (message: string) => ({
  loads: false as const,
  error: new StudioError('runtime/failed', message).toData()
})

/** A machine on which nothing is prepared. */
function machine(changes: Partial<MachineFacts> = {}): MachineFacts {
  return {
    cpu: { model: 'A CPU', threads: 8, memoryBytes: 16e9 },
    gpu: null,
    probes: [],
    tensorflowVersion: '2.21.0',
    flavours: {
      cpu: { location: null, bytes: 274e6, unsupported: null },
      gpu: { location: null, bytes: 2909e6, unsupported: null }
    },
    tensorflow: null,
    onnxruntime: loads('1.30.0'),
    wasm: loads('1.30.0'),
    log: '',
    ...changes
  }
}

function prepared(flavour: 'cpu' | 'gpu', changes: Partial<MachineFacts> = {}): MachineFacts {
  const { flavours } = machine()
  const found = { ...flavours, [flavour]: { ...flavours[flavour], location: location(flavour) } }
  return machine({ flavours: found, tensorflow: loads('2.21.0'), ...changes })
}

const status = (changes: Partial<RuntimeStatus> = {}): RuntimeStatus => ({
  ...{ state: 'absent', flavour: 'cpu', version: '2.21.0', phase: null, progress: null, etaSeconds: null, error: null },
  ...changes
})

const states = (facts: MachineFacts, runtime = status()): string[] =>
  describeDevices(facts, runtime).ladder.map(({ state }) => state)

test('a GPU that TensorFlow uses is the best rung: there is nothing to explain', () => {
  const facts = prepared('gpu', { gpu: GPU, tensorflow: loads('2.21.0', GPU.name) })
  const report = describeDevices(facts, status({ state: 'ready', flavour: 'gpu' }))
  expect(report).toMatchObject({ frozen: 'tensorflow', training: 'tensorflow', why: null })
  expect(report.summary).toBe('TensorFlow 2.21 · NVIDIA L4')
  expect(report.ladder[0]).toMatchObject({ id: 'tensorflow-gpu', state: 'active', reason: null, remedy: null })
})

test('without a driver it says so, and computes on the CPU', () => {
  const report = describeDevices(prepared('cpu'), status({ state: 'ready' }))
  expect(report).toMatchObject({ frozen: 'onnxruntime', training: 'tensorflow' })
  expect(report.summary).toBe('TensorFlow 2.21 · CPU, 8 threads')
  expect(report.why).toBe('no GPU: no NVIDIA driver found')
  expect(report.ladder.map(({ state }) => state)).toEqual(['unavailable', 'active', 'available', 'available'])
  expect(report.ladder[0]?.remedy).toContain("NVIDIA's driver")
})

test('a GPU without its runtime is offered with the size, never fetched unasked', () => {
  const report = describeDevices(prepared('cpu', { gpu: GPU }), status({ state: 'ready' }))
  expect(report.ladder[0]).toMatchObject({ state: 'offered', remedy: expect.stringContaining('2.9 GB') })
  expect(report.why).toBe('NVIDIA L4 not used: fetching TensorFlow for it takes 2.9 GB')
})

test('a runtime for GPUs that finds none says so', () => {
  const report = describeDevices(prepared('gpu', { gpu: GPU }), status({ state: 'ready', flavour: 'gpu' }))
  expect(report.ladder[0]).toMatchObject({ state: 'unavailable', reason: expect.stringContaining('finds no GPU') })
  expect(report.summary).toBe('TensorFlow 2.21 · CPU, 8 threads')
  expect(report.why).toBe('no GPU: TensorFlow cannot use NVIDIA L4')
})

const OLD = { ...GPU, name: 'NVIDIA GTX 970', computeCapability: '5.2' }
const probe = (what: string, found: boolean, result = '') => ({ what, found, result })

test.each<[code: string, facts: MachineFacts, reason: RegExp, why: RegExp]>([
  ['no-driver', prepared('cpu'), /No NVIDIA driver/, /no NVIDIA driver found/],
  [
    'driver-unreachable',
    prepared('cpu', { probes: [probe('NVIDIA driver: libcuda.so.1', true)] }),
    /does not answer/,
    /does not answer$/
  ],
  ['compute-capability', prepared('cpu', { gpu: OLD }), /compute capability 5\.2/, /GTX 970 has compute/],
  ['driver-too-old', prepared('cpu', { gpu: { ...GPU, driver: '470.82' } }), /470\.82 is too old/, /470\.82/],
  [
    'memory',
    prepared('cpu', { gpu: { ...GPU, memoryBytes: 2 ** 30 } }),
    /not enough free memory \(1\.1 GB\)/,
    /memory/
  ],
  ['not-prepared', prepared('cpu', { gpu: GPU }), /2\.9 GB/, /L4 not used/],
  [
    'no-cuda-library',
    prepared('gpu', { gpu: GPU, log: 'W0000 gpu_device.cc:2341] Cannot dlopen some GPU libraries. Please make sure' }),
    /CUDA library that came/,
    /CUDA library/
  ],
  [
    'compute-capability',
    prepared('gpu', {
      gpu: { ...GPU, computeCapability: null },
      log: 'Ignoring visible gpu device (device: 0, name: GTX 970, compute capability: 5.2) with Cuda compute capability 5.2. The minimum required Cuda capability is 6.0.'
    }),
    /compute capability 5\.2/,
    /5\.2/
  ],
  [
    'memory',
    prepared('gpu', { gpu: GPU, log: 'failed to allocate: CUDA_ERROR_OUT_OF_MEMORY: out of memory' }),
    /all of it is taken/,
    /memory/
  ],
  [
    'driver-unreachable',
    prepared('gpu', {
      gpu: GPU,
      log: 'failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)'
    }),
    /does not answer: INTERNAL/,
    /does not answer/
  ],
  ['unknown', prepared('gpu', { gpu: GPU }), /finds no GPU/, /cannot use NVIDIA L4/],
  ['platform', machine({ flavours: unsupportedFlavours() }), /plan9/, /64-bit Linux only|plan9/]
])('why no GPU: %s', (code, facts, reason, why) => {
  const report = deviceReportSchema.parse(describeDevices(facts, status({ state: 'ready' })))
  expect(report.gpuObstacle).toMatchObject({ code, reason: expect.stringMatching(reason) as string })
  expect(report.ladder[0]).toMatchObject({ reason: report.gpuObstacle!.reason, remedy: report.gpuObstacle!.remedy })
  expect(report.ladder[0]!.state).toBe(code === 'not-prepared' ? 'offered' : 'unavailable')
  expect(report.why).toMatch(why)
})

test('while TensorFlow is prepared, and when it could not be, heads train', () => {
  const preparing = status({ state: 'preparing', phase: 'Unpacking', progress: 0.8 })
  expect(states(machine(), preparing)).toEqual(['unavailable', 'preparing', 'active', 'available'])
  expect(describeDevices(machine(), preparing)).toMatchObject({
    training: null,
    summary: 'ONNX Runtime 1.30 · CPU, 8 threads',
    why: 'TensorFlow is being prepared: heads train, fine-tuning waits'
  })
  const error = new StudioError('runtime/no-network', 'The package index cannot be reached.').toData()
  const failed = describeDevices(machine(), status({ state: 'failed', error }))
  expect(failed.why).toBe('no TensorFlow: The package index cannot be reached.')
  expect(failed.ladder[1]).toMatchObject({ state: 'unavailable', reason: error.message, remedy: error.hint })
})

test('wasm is the last rung, and one thread', () => {
  const facts = machine({ onnxruntime: refuses('The library does not load.') })
  const report = describeDevices(facts, status())
  expect(report).toMatchObject({ frozen: 'wasm', summary: 'WebAssembly · CPU, 1 thread' })
  expect(report.ladder.map(({ state }) => state)).toEqual(['unavailable', 'offered', 'unavailable', 'active'])
})

/** A studio on a machine whose runtime worker follows `script`. */
function devicesWith(script: Script) {
  const host = new FakeWorkerHost({ runtime: script })
  const jobs = new JobsService()
  return { host, jobs, devices: new DevicesService({ host, jobs, cacheDirectory: '/cache' }) }
}

const progress: RuntimeMessage = { type: 'progress', phase: 'Unpacking', progress: 0.8, etaSeconds: 7 }

test('at the start it looks, prepares what is missing, and looks again', async () => {
  let facts = machine()
  const { host, jobs, devices } = devicesWith((request, worker) => {
    if (request.type === 'probe') worker.send({ type: 'probed', facts })
    else {
      worker.send(progress)
      facts = prepared('cpu')
      worker.send({ type: 'ready', location: location('cpu'), gpu: false })
    }
    worker.exit(0)
  })
  const phases = new Set<string | null>()
  devices.onChange(() => phases.add(deviceReportSchema.parse(devices.report()).runtime.phase))
  expect(devices.report().summary).toContain('Looking')
  await devices.start()
  expect(devices.runtime()).toBeNull()
  expect(await devices.settled()).toMatchObject({ state: 'ready', flavour: 'cpu', version: '2.21.0' })
  expect([...phases]).toContain('Unpacking')
  expect(devices.runtime()).toEqual(location('cpu'))
  expect(jobs.list()).toMatchObject([{ kind: 'runtime', state: 'done', title: 'Prepare TensorFlow' }])
  expect(host.started).toHaveLength(3)
})

test('what is prepared is not prepared again, and where it cannot be had nobody tries', async () => {
  for (const facts of [prepared('cpu'), machine({ flavours: unsupportedFlavours() })]) {
    const { host, jobs, devices } = devicesWith((_, worker) => worker.send({ type: 'probed', facts }))
    await devices.start()
    expect(host.started).toHaveLength(1)
    expect(jobs.list()).toEqual([])
    expect(devices.report().runtime.state).toBe(facts.tensorflow ? 'ready' : 'failed')
  }
})

function unsupportedFlavours(): MachineFacts['flavours'] {
  const unsupported = new StudioError('runtime/unsupported-platform', 'Not on plan9-x64.').toData()
  return {
    cpu: { location: null, bytes: 0, unsupported },
    gpu: { location: null, bytes: 0, unsupported }
  }
}

test('a failure stays until somebody asks for another attempt', async () => {
  let attempts = 0
  const error = new StudioError('runtime/no-network', 'No network.').toData()
  const { jobs, devices } = devicesWith((request, worker) => {
    if (request.type === 'probe')
      return worker.send({ type: 'probed', facts: attempts < 2 ? machine() : prepared('cpu') })
    if (++attempts === 1) worker.send({ type: 'failed', error })
    else worker.send({ type: 'ready', location: location('cpu'), gpu: false })
  })
  await devices.start()
  expect(await devices.settled()).toMatchObject({ state: 'failed', error: { code: 'runtime/no-network' } })
  await devices.refresh()
  expect(attempts).toBe(1)
  expect(devices.report().runtime.error?.code).toBe('runtime/no-network')
  expect(jobs.list()[0]).toMatchObject({ state: 'failed', error: { code: 'runtime/no-network' } })
  devices.prepareRuntime('cpu')
  devices.prepareRuntime('cpu')
  expect(await devices.settled()).toMatchObject({ state: 'ready', error: null })
  expect(attempts).toBe(2)
})

test('a worker that dies tells what it was at', async () => {
  const { devices } = devicesWith((request, worker) => {
    if (request.type === 'probe') return worker.send({ type: 'probed', facts: machine() })
    worker.send({ ...progress, phase: 'First operation' })
    setTimeout(() => worker.exit(null, 'SIGILL'), 20)
  })
  await devices.start()
  expect((await devices.settled()).error).toMatchObject({
    code: 'runtime/failed',
    message: "Preparing TensorFlow ended by SIGILL during 'First operation'."
  })
})

test('a library that ends the process which loads it is met by the probe', async () => {
  const { devices } = devicesWith((request, worker) => {
    if (request['load'] !== 'never') return worker.exit(null, 'SIGSEGV')
    worker.send({ type: 'probed', facts: { ...prepared('cpu'), tensorflow: null } })
  })
  const report = await devices.refresh()
  expect(devices.runtime()).toBeNull()
  expect(report).toMatchObject({ training: null, frozen: 'onnxruntime', runtime: { state: 'failed' } })
  expect(report.why).toBe('no TensorFlow: TensorFlow ended the process that loaded it.')
})

test('stopping the job ends the preparation, without an error', async () => {
  const cancelled = new StudioError('job/cancelled', 'Stopped.').toData()
  const { jobs, devices } = devicesWith((request, worker) => {
    if (request.type === 'probe') worker.send({ type: 'probed', facts: machine() })
    if (request.type === 'start') worker.send(progress)
    if (request.type === 'stop') worker.send({ type: 'failed', error: cancelled })
  })
  await devices.start()
  await vi.waitFor(() => expect(devices.report().runtime.phase).toBe('Unpacking'))
  const [job] = jobs.list()
  expect(job).toMatchObject({ phase: 'Unpacking', done: 0.8, total: 1, etaSeconds: 7, stoppable: true })
  jobs.cancel(job!.id)
  expect(await devices.settled()).toMatchObject({ state: 'absent', error: null })
  expect(jobs.list()[0]?.state).toBe('cancelled')
})

test('closing ends what is under way, and starts nothing any more', async () => {
  const cancelled = new StudioError('job/cancelled', 'Stopped.').toData()
  const { host, devices } = devicesWith((request, worker) => {
    if (request.type === 'probe') worker.send({ type: 'probed', facts: machine() })
    if (request.type === 'stop') worker.send({ type: 'failed', error: cancelled })
  })
  await devices.start()
  const before = host.started.length
  await devices.close()
  devices.prepareRuntime('gpu')
  expect(host.started).toHaveLength(before)
})
