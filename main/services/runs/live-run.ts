/** A run that this process trains or is about to: what its watchers see, in memory until it is settled. */
import {
  isSettled,
  type LiveMistake,
  type MetricPoint,
  type Run,
  type RunEvent,
  type RunProgress
} from '@shared/domain/run'
import type { FeedSource } from '../streams/coalesced-feed'

interface Seen {
  run: Run
  points: number
  progress: RunProgress | null
  mistakes: LiveMistake[]
  generation: number
}

export class LiveRun {
  points: MetricPoint[]
  progress: RunProgress | null = null
  mistakes: LiveMistake[] = []
  private readonly listeners = new Set<() => void>()

  /** Grows when the points are others than before, and not just more. */
  private generation = 0

  /** @param points that a resumed run was known by before */
  constructor(
    public run: Run,
    points: readonly MetricPoint[] = []
  ) {
    this.points = [...points]
  }

  get settled(): boolean {
    return isSettled(this.run.state)
  }

  setRun(run: Run): void {
    this.run = run
    this.changed()
  }

  setProgress(progress: RunProgress): void {
    this.progress = progress
    this.changed()
  }

  setMistakes(mistakes: LiveMistake[]): void {
    this.mistakes = mistakes
    this.changed()
  }

  addPoints(points: MetricPoint[]): void {
    // One by one: spreading a very long array overflows the stack.
    for (const point of points) this.points.push(point)
    this.changed()
  }

  /** Others instead of those so far: a resumed run is known as its checkpoint knows it. */
  replacePoints(points: readonly MetricPoint[]): void {
    this.points = [...points]
    this.generation++
    this.changed()
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** A snapshot first, then only what changed: two watchers who joined at different times end with the same. */
  source(): FeedSource<RunEvent> {
    let seen: Seen | null = null
    return {
      subscribe: (wake) => this.onChange(wake),
      ended: () => this.settled,
      take: () => {
        const { run, progress, mistakes, generation } = this
        const before = seen
        seen = { run, points: this.points.length, progress, mistakes, generation }
        if (before?.generation !== generation)
          return [{ type: 'snapshot', run, points: [...this.points], progress, mistakes }]
        const events: RunEvent[] = []
        if (before.points < seen.points) events.push({ type: 'points', points: this.points.slice(before.points) })
        if (before.mistakes !== mistakes) events.push({ type: 'mistakes', mistakes })
        if (before.progress !== progress && progress) events.push({ type: 'progress', progress })
        if (before.run !== run) events.push({ type: 'run', run })
        return events
      }
    }
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
