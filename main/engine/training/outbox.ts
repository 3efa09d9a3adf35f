/**
 * What a run tells the studio, at most ten times a second whatever its speed: points are gathered and all of them sent, of
 * everything else only the newest.
 */
import type { LiveFinding } from '@shared/domain/live-finding'
import type { LiveMistake, MetricPoint, Run, RunProgress } from '@shared/domain/run'
import type { TrainMessage } from '@shared/worker-protocol/train'

export type SendMessage = (message: TrainMessage) => void

/** Replaced in tests. */
export interface OutboxClock {
  /** Milliseconds. */
  now(): number
  /** Calls back once; returns what forgets it. */
  after(ms: number, callback: () => void): () => void
}

const SYSTEM_CLOCK: OutboxClock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  }
}

const FLUSH_MS = 100
const MISTAKES_MS = 500

export class Outbox {
  private points: MetricPoint[] = []
  private epoch: { epochsDone: number; best: Run['best'] } | null = null
  private progress: RunProgress | null = null
  private mistakes: LiveMistake[] | null = null
  private phase: RunProgress['phase'] | null = null
  private flushedAt = -Infinity
  private mistakesAt = -Infinity
  private forgetTimer: (() => void) | null = null

  constructor(
    private readonly sendMessage: SendMessage,
    private readonly clock: OutboxClock = SYSTEM_CLOCK
  ) {}

  addPoints(points: readonly MetricPoint[]): void {
    this.points.push(...points)
    this.flushWhenDue()
  }

  setEpoch(epochsDone: number, best: Run['best']): void {
    this.epoch = { epochsDone, best }
    this.flushWhenDue()
  }

  setProgress(progress: RunProgress): void {
    // Points belong to the phase they were taken in: those of the last phase go before the news of another, its own after.
    const isNews = progress.phase !== this.phase
    if (isNews) this.flush()
    this.phase = progress.phase
    this.progress = progress
    if (isNews) this.flush()
    else this.flushWhenDue()
  }

  setMistakes(mistakes: LiveMistake[]): void {
    this.mistakes = mistakes
    this.flushWhenDue()
  }

  /** Of the doctor; they go with the points that they are about, or after them. */
  setFindings(findings: LiveFinding[]): void {
    this.send({ type: 'findings', findings })
  }

  /** At once, after everything that waits. */
  send(message: TrainMessage): void {
    this.flush()
    this.sendMessage(message)
  }

  /** Sends everything that waits. */
  flush(): void {
    this.forgetTimer?.()
    this.forgetTimer = null
    this.flushedAt = this.clock.now()
    const { points, epoch, progress } = this
    this.points = []
    this.epoch = null
    this.progress = null
    if (points.length > 0) this.sendMessage({ type: 'points', points })
    if (epoch) this.sendMessage({ type: 'epoch', ...epoch })
    if (progress) this.sendMessage({ type: 'progress', progress })
    this.flushMistakes()
  }

  private flushMistakes(): void {
    if (!this.mistakes || this.clock.now() - this.mistakesAt < MISTAKES_MS) return
    this.mistakesAt = this.clock.now()
    this.sendMessage({ type: 'mistakes', mistakes: this.mistakes })
    this.mistakes = null
  }

  private flushWhenDue(): void {
    const waited = this.clock.now() - this.flushedAt
    if (waited >= FLUSH_MS) this.flush()
    else this.forgetTimer ??= this.clock.after(FLUSH_MS - waited, () => this.flush())
  }
}
