/** Jobs: one list of whatever takes long, whoever does it. Kept in memory: a job does not outlive its process. */
import { randomUUID } from 'node:crypto'
import { StudioError, type ErrorData } from '@shared/errors'
import type { Job, JobKind } from '@shared/domain/job'
import { EtaMeter } from './eta'

export interface JobRequest {
  kind: JobKind
  title: string
  stoppable: boolean
  runId?: string
  datasetId?: string
  /** Called once, when someone cancels the job. The job itself ends when its owner says so. */
  onStop?: () => void
}

export interface JobProgress {
  /** What is going on, in a few words. */
  phase: string
  done: number
  /** 0 while unknown. */
  total: number
  /** Seconds until the end; measured from the phase's own rate when it is left out. */
  etaSeconds?: number | null
}

/** The owner's end of a job. Each of `done`, `fail`, `cancelled` and `paused` settles it; the first one counts. */
export interface JobHandle {
  readonly id: string
  job(): Job
  progress(progress: JobProgress): void
  /** @param made what came of it, so that a click leads there */
  done(made?: { backboneId: string }): void
  fail(error: ErrorData): void
  cancelled(): void
  /** What it was for rests; going on is another job. */
  paused(): void
}

interface Entry {
  job: Job
  meter: EtaMeter
  onStop: (() => void) | null
  settled: Promise<Job>
  settle: (job: Job) => void
}

export class JobsService {
  private readonly entries = new Map<string, Entry>()
  private readonly listeners = new Set<() => void>()

  /** @param now clock in ms; @param keepEnded how many ended jobs stay in the list */
  constructor(
    private readonly now: () => number = Date.now,
    private readonly keepEnded = 20
  ) {}

  start(request: JobRequest): JobHandle {
    const id = randomUUID()
    let settle: (job: Job) => void = () => undefined
    const settled = new Promise<Job>((resolve) => (settle = resolve))
    const job: Job = {
      id,
      kind: request.kind,
      title: request.title,
      state: 'running',
      phase: '',
      done: 0,
      total: 0,
      etaSeconds: null,
      stoppable: request.stoppable,
      runId: request.runId ?? null,
      datasetId: request.datasetId ?? null,
      backboneId: null,
      error: null,
      startedAt: this.now(),
      endedAt: null
    }
    const entry: Entry = { job, meter: new EtaMeter(this.now), onStop: request.onStop ?? null, settled, settle }
    this.entries.set(id, entry)
    this.changed()
    return {
      id,
      job: () => entry.job,
      progress: (progress) => this.progress(entry, progress),
      done: (made) => this.settle(entry, { state: 'done', done: entry.job.total, etaSeconds: 0, ...made }),
      fail: (error) => this.settle(entry, { state: 'failed', error, etaSeconds: null }),
      cancelled: () => this.settle(entry, { state: 'cancelled', etaSeconds: null }),
      paused: () => this.settle(entry, { state: 'paused', etaSeconds: null })
    }
  }

  /** Running jobs first, then the ended ones, each newest first. */
  list(): Job[] {
    const jobs = [...this.entries.values()].map(({ job }) => job).reverse()
    return [...jobs.filter(({ state }) => state === 'running'), ...jobs.filter(({ state }) => state !== 'running')]
  }

  /**
   * Asks the owner of a job to stop; the job ends when the owner has.
   *
   * @throws StudioError job/not-found when there is no such running job, job/not-stoppable
   */
  cancel(jobId: string): void {
    const entry = this.entries.get(jobId)
    if (!entry || entry.job.state !== 'running') {
      throw new StudioError('job/not-found', 'There is no such job running.', { jobId })
    }
    if (!entry.job.stoppable)
      throw new StudioError('job/not-stoppable', `'${entry.job.title}' cannot be stopped.`, { jobId })
    const stop = entry.onStop
    entry.onStop = null
    entry.job = { ...entry.job, phase: 'Stopping', stoppable: false, etaSeconds: null }
    this.changed()
    stop?.()
  }

  /** Resolves with the job once it has ended. @throws StudioError job/not-found */
  settled(jobId: string): Promise<Job> {
    const entry = this.entries.get(jobId)
    if (!entry) throw new StudioError('job/not-found', 'There is no such job.', { jobId })
    return entry.settled
  }

  /** Calls `listener` after each change. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  private progress(entry: Entry, { phase, done, total, etaSeconds }: JobProgress): void {
    if (entry.job.state !== 'running') return
    const measured = entry.meter.update(phase, done, total)
    const stopping = entry.job.phase === 'Stopping'
    entry.job = {
      ...entry.job,
      phase: stopping ? entry.job.phase : phase,
      done,
      total,
      etaSeconds: stopping ? null : etaSeconds === undefined ? measured : etaSeconds
    }
    this.changed()
  }

  private settle(entry: Entry, end: Partial<Job>): void {
    if (entry.job.state !== 'running') return
    entry.job = { ...entry.job, ...end, stoppable: false, endedAt: this.now() }
    entry.onStop = null
    entry.settle(entry.job)
    this.forgetOldest()
    this.changed()
  }

  private forgetOldest(): void {
    const ended = [...this.entries.values()].filter(({ job }) => job.state !== 'running')
    ended.sort((a, b) => (a.job.endedAt ?? 0) - (b.job.endedAt ?? 0))
    for (const { job } of ended.slice(0, Math.max(0, ended.length - this.keepEnded))) this.entries.delete(job.id)
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
