/** Decides when a checkpoint is worth its time, and writes it while training goes on. */
import type { RunCheckpoint } from '@shared/domain/run'
import type { Checkpoint } from './checkpoint-file'
import type { CheckpointFolder } from './checkpoint-folder'

/** Of the training's time, at most: what copying and hashing take away from it. */
const COST_SHARE = 0.01
/** A slow disk is given this many times as long to rest as it took to write. */
const REST = 4
/** Between two attempts at a pause that the disk did not take. */
const RETRY_MS = 1000

export interface KeeperHooks {
  onWritten(checkpoint: RunCheckpoint): void
  /** The disk is full, or the like: training goes on without. */
  onFailed(error: unknown): void
  /** The checkpoint of a pause is on the disk: the loop is to end. Nothing that it reports from now on counts. */
  onPaused(): void
}

export class CheckpointKeeper {
  /** The checkpoint that a pause ended with. */
  paused: RunCheckpoint | null = null
  private pauseWanted = false
  private dueAt: number
  private retryAt = -Infinity
  private writing: Promise<void> | null = null

  /** @param everyMs shortest time between two */
  constructor(
    private readonly folder: CheckpointFolder,
    private readonly everyMs: number,
    private readonly hooks: KeeperHooks,
    private readonly now: () => number = () => performance.now()
  ) {
    this.dueAt = this.now() + everyMs
  }

  /** The next step's checkpoint is the one to go on from; where the disk does not take it, a later one is. */
  pause(): void {
    this.pauseWanted = true
  }

  get pausing(): boolean {
    return this.pauseWanted
  }

  /** Between two steps: takes a checkpoint if it is time. Returns at once. */
  offer(capture: () => Checkpoint): void {
    if (this.writing || this.paused) return
    const pausing = this.pauseWanted
    if (this.now() < (pausing ? this.retryAt : this.dueAt)) return
    const startedAt = this.now()
    const checkpoint = capture()
    const captureMs = this.now() - startedAt
    this.writing = this.write(checkpoint, captureMs, pausing).finally(() => (this.writing = null))
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.writing
  }

  /** At once, and waited for: the beginning of a phase, or a pause between two. @returns whether it is on the disk */
  async writeNow(checkpoint: Checkpoint, kind: 'phase' | 'pause'): Promise<boolean> {
    await this.settled()
    try {
      await this.folder.beginPhase(checkpoint)
      this.hooks.onWritten(checkpoint.state.mark)
      if (kind === 'pause') this.paused = checkpoint.state.mark
      return true
    } catch (error) {
      this.failed(error, 0)
      return false
    }
  }

  private async write(checkpoint: Checkpoint, captureMs: number, pausing: boolean): Promise<void> {
    const startedAt = this.now()
    try {
      const busyMs = captureMs + (await this.folder.write(checkpoint))
      this.dueAt = this.now() + Math.max(this.everyMs, busyMs / COST_SHARE, REST * (this.now() - startedAt))
      this.hooks.onWritten(checkpoint.state.mark)
      if (!pausing) return
      this.paused = checkpoint.state.mark
      this.hooks.onPaused()
    } catch (error) {
      const tookMs = this.now() - startedAt
      this.dueAt = this.now() + Math.max(this.everyMs, REST * tookMs)
      this.failed(error, tookMs)
    }
  }

  /** The run goes on; a pause is tried again. */
  private failed(error: unknown, tookMs: number): void {
    this.retryAt = this.now() + Math.max(RETRY_MS, REST * tookMs)
    this.hooks.onFailed(error)
  }
}
