/**
 * What this machine computes with. Looks once at the start, in a worker, and keeps the answer; prepares the TensorFlow runtime
 * in the background when it is missing, and again only when someone asks.
 */
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { DeviceReport, RuntimeStatus } from '@shared/domain/device'
import { StudioError, toErrorData } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { MachineFacts } from '@shared/worker-protocol/runtime'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { JobHandle, JobRequest } from '../jobs/jobs'
import { probeMachine } from './probe'
import { describeDevices, reportBeforeProbe } from './report'

type Flavour = RuntimeLocation['flavour']

export interface DevicesOptions {
  host: WorkerHost
  jobs: { start(request: JobRequest): JobHandle }
  /** See `cacheDirectory` in main/paths.ts. */
  cacheDirectory: string
}

/** How long pip or a compiler may take to end when the user stops it. */
const STOP_GRACE_MS = 10_000

interface Preparation {
  flavour: Flavour
  talk: WorkerConversation<'runtime'>
  over: Promise<void>
}

export class DevicesService {
  private facts: MachineFacts | null = null
  private status: RuntimeStatus = absent('cpu', '')
  private looking: Promise<DeviceReport> | null = null
  private preparation: Preparation | null = null
  private readonly listeners = new Set<() => void>()
  private closed = false

  constructor(private readonly options: DevicesOptions) {}

  /** What is known now; complete once `start` or `refresh` has resolved. */
  report(): DeviceReport {
    if (this.facts) return describeDevices(this.facts, this.status)
    const cpu = { model: cpus()[0]?.model.trim() ?? '', threads: availableParallelism(), memoryBytes: totalmem() }
    return reportBeforeProbe(cpu, this.status)
  }

  /** Where TensorFlow lies, for the workers that load it; null while it is not prepared or does not load. */
  runtime(): RuntimeLocation | null {
    if (!this.facts?.tensorflow?.loads) return null
    const { cpu, gpu } = this.facts.flavours
    return this.facts.gpu ? (gpu.location ?? cpu.location) : (cpu.location ?? gpu.location)
  }

  /**
   * Looks at the machine, then prepares TensorFlow in the background when it is missing and can be had.
   *
   * @returns once it has looked
   */
  async start(): Promise<void> {
    await this.refresh()
    if (!this.facts || this.closed) return
    const { cpu, gpu } = this.facts.flavours
    if (!cpu.location && !gpu.location && !cpu.unsupported) this.prepareRuntime('cpu')
  }

  /**
   * Looks again, from the top of the ladder. Never rejects: what cannot be found out is in the report.
   *
   * @param load 'unless-known': that TensorFlow loads on this CPU is believed where it once did
   */
  refresh(load: 'always' | 'unless-known' = 'always'): Promise<DeviceReport> {
    this.looking ??= this.look(load).finally(() => (this.looking = null))
    return this.looking
  }

  /** Starts preparing in the background; nothing happens while that flavour is being prepared already. */
  prepareRuntime(flavour: Flavour): void {
    if (this.closed || this.preparation?.flavour === flavour) return
    const before = this.preparation?.over ?? Promise.resolve()
    const begin = (): void => {
      if (!this.closed && !this.preparation) this.preparation = this.prepare(flavour)
    }
    if (this.preparation) void before.then(begin)
    else begin()
  }

  /** Resolves once nothing is being prepared any more, with how it ended. Never rejects. */
  async settled(): Promise<RuntimeStatus> {
    await this.looking
    while (this.preparation) await this.preparation.over
    return this.status
  }

  /** Calls `listener` after each change. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Ends a preparation under way; what was fetched completely is kept for the next time. */
  async close(): Promise<void> {
    this.closed = true
    this.preparation?.talk.stop({ type: 'stop' }, STOP_GRACE_MS)
    await this.preparation?.over
    await this.looking
  }

  private async look(load: 'always' | 'unless-known'): Promise<DeviceReport> {
    try {
      this.facts = await probeMachine(this.options.host, this.options.cacheDirectory, load)
      if (!this.preparation) this.status = statusOf(this.facts, this.status)
    } catch (error) {
      if (!this.preparation) this.status = { ...this.status, state: 'failed', error: toErrorData(error) }
    }
    this.changed()
    return this.report()
  }

  private prepare(flavour: Flavour): Preparation {
    const { host, jobs, cacheDirectory } = this.options
    const version = this.facts?.tensorflowVersion ?? this.status.version
    let phase = 'Starting'
    this.status = { ...absent(flavour, version), state: 'preparing', phase, progress: 0 }
    const title = flavour === 'gpu' ? 'Prepare TensorFlow for the GPU' : 'Prepare TensorFlow'
    const job = jobs.start({
      kind: 'runtime',
      title,
      stoppable: true,
      onStop: () => talk.stop({ type: 'stop' }, STOP_GRACE_MS)
    })
    const talk = new WorkerConversation(host, 'runtime', (message) => {
      if (message.type !== 'progress') return
      phase = message.phase
      const { progress, etaSeconds } = message
      this.status = { ...this.status, phase, progress, etaSeconds }
      job.progress({ phase, done: progress, total: 1, etaSeconds })
      this.changed()
    })
    talk.send({ type: 'start', cacheDirectory, flavour })
    this.changed()
    return { flavour, talk, over: this.follow(talk, flavour, job, () => phase) }
  }

  private async follow(
    talk: WorkerConversation<'runtime'>,
    flavour: Flavour,
    job: JobHandle,
    phase: () => string
  ): Promise<void> {
    try {
      const { location } = await talk.ended
      this.preparation = null
      this.status = { ...absent(flavour, location.version), state: 'ready', progress: 1 }
      if (!this.closed) await this.refresh()
      job.done()
    } catch (error) {
      this.preparation = null
      this.settleFailed(flavour, job, error, phase())
    }
    this.changed()
  }

  private settleFailed(flavour: Flavour, job: JobHandle, cause: unknown, phase: string): void {
    const error = toErrorData(asRuntimeError(cause, phase))
    this.status = absent(flavour, this.status.version)
    if (error.code === 'job/cancelled') return job.cancelled()
    this.status = { ...this.status, state: 'failed', error }
    job.fail(error)
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}

const absent = (flavour: Flavour, version: string): RuntimeStatus => ({
  ...{ state: 'absent', flavour, version, phase: null, progress: null, etaSeconds: null, error: null }
})

/** A failure stays on show until another attempt; anything else is what the probe found. */
function statusOf(facts: MachineFacts, before: RuntimeStatus): RuntimeStatus {
  const { cpu, gpu } = facts.flavours
  const flavour: Flavour = gpu.location && (facts.gpu || !cpu.location) ? 'gpu' : 'cpu'
  const status = absent(flavour, facts.tensorflowVersion)
  if (facts.tensorflow?.loads) {
    // A failed attempt at the GPU's runtime is still to be seen beside the CPU's, which works.
    return before.state === 'failed' && before.flavour !== flavour ? before : { ...status, state: 'ready', progress: 1 }
  }
  if (facts.tensorflow) return { ...status, state: 'failed', error: facts.tensorflow.error }
  if (cpu.unsupported) return { ...status, state: 'failed', error: cpu.unsupported }
  return before.state === 'failed' ? { ...before, version: facts.tensorflowVersion } : status
}

/** A worker that died without a word, said in the words of what it was at. */
function asRuntimeError(error: unknown, phase: string): unknown {
  if (!(error instanceof StudioError) || error.code !== 'worker/crashed') return error
  const { signal, exitCode } = error.details
  const how = typeof signal === 'string' ? `by ${signal}` : `with exit code ${String(exitCode)}`
  return new StudioError('runtime/failed', `Preparing TensorFlow ended ${how} during '${phase}'.`, error.details)
}
