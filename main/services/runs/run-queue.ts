/** The trainings of this process: one at a time, the others wait their turn in the order of the clicks. */
import type { Run, RunState } from '@shared/domain/run'
import type { JobHandle } from '../jobs/jobs'
import type { LiveRun } from './live-run'
import type { Training } from './training'

export interface QueuedRun {
  live: LiveRun
  /** Its line in the list of jobs. */
  job: JobHandle
  training: Training
}

/** How a training ends with its studio. */
export type Ending = 'pause' | 'stop' | 'interrupt'

interface Entry extends QueuedRun {
  /** Resolves once the run is settled and its `onSettled` has been called. */
  settled: Promise<void>
  begin: () => void
}

type WaitingEnd = Extract<RunState, 'stopped' | 'paused' | 'interrupted'>

export interface QueueHooks {
  /** Writes the end of a run that never began. */
  settleWaiting(run: Run, state: WaitingEnd): Promise<Run>
  /** Before anyone who waits for the run is told. Must not reject. */
  onSettled(entry: QueuedRun): Promise<void>
}

export class RunQueue {
  private readonly entries = new Map<string, Entry>()
  private readonly waiting: Entry[] = []
  private current: Entry | null = null
  private closing = false

  constructor(private readonly hooks: QueueHooks) {}

  /** Runs that train or wait. */
  get size(): number {
    return this.entries.size
  }

  /** Null when the run is settled, or another process's. */
  live(runId: string): LiveRun | null {
    return this.entries.get(runId)?.live ?? null
  }

  add(run: QueuedRun): void {
    let begin: () => void = () => undefined
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const settled = begun.then(async () => {
      if (!run.live.settled) await run.training.run()
      // It may have been resumed since.
      if (this.entries.get(run.live.run.id) === entry) this.entries.delete(run.live.run.id)
      await this.hooks.onSettled(run)
    })
    const entry: Entry = { ...run, settled, begin }
    this.entries.set(run.live.run.id, entry)
    this.waiting.push(entry)
    this.next()
  }

  /** A waiting run is settled at once; the one that trains is asked to end. @returns false when there is no such run here */
  async stop(runId: string): Promise<boolean> {
    const entry = this.entries.get(runId)
    if (!entry) return false
    if (entry === this.current) entry.training.stop()
    else await this.settleWaiting(entry, 'stopped')
    return true
  }

  /** A waiting run rests at once; the one that trains as soon as it has a checkpoint. @returns false when there is no such run here */
  async pause(runId: string): Promise<boolean> {
    const entry = this.entries.get(runId)
    if (!entry) return false
    if (entry === this.current) entry.training.pause()
    else await this.settleWaiting(entry, 'paused')
    return true
  }

  /** At once when there is no such run here. */
  async settled(runId: string): Promise<void> {
    await this.entries.get(runId)?.settled
  }

  /** Interrupts what waits; the one that trains is paused, stopped with its best epoch, or killed. */
  async close(training: Ending, graceMs: number): Promise<void> {
    this.closing = true
    for (const entry of [...this.waiting]) await this.settleWaiting(entry, 'interrupted')
    if (training === 'stop') this.current?.training.stop(graceMs)
    else if (training === 'pause') this.current?.training.pause(graceMs)
    else this.current?.training.kill()
    await this.current?.settled
  }

  private next(): void {
    if (this.current || this.closing) return
    const entry = this.waiting.shift()
    if (!entry) return
    this.current = entry
    entry.begin()
    void entry.settled.finally(() => {
      this.current = null
      this.next()
    })
  }

  private async settleWaiting(entry: Entry, state: WaitingEnd): Promise<void> {
    const place = this.waiting.indexOf(entry)
    // Someone else has just stopped it.
    if (place < 0) return entry.settled
    this.waiting.splice(place, 1)
    entry.live.setRun(await this.hooks.settleWaiting(entry.live.run, state))
    if (state === 'paused') entry.job.paused()
    else entry.job.cancelled()
    entry.begin()
    await entry.settled
  }
}
