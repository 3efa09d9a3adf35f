/** How long a run spent in each phase, and how many steps it made there, from the messages of its worker. */
import type { MetricPoint, RunProgress } from '@shared/domain/run'

type Phase = RunProgress['phase']

export class PhaseClock {
  private readonly spent = new Map<Phase, { ms: number; steps: number }>()
  private phase: Phase | null = null
  private since = 0
  private stepsBefore = 0
  private steps = 0

  constructor(private readonly now: () => number = () => performance.now()) {}

  progress(phase: Phase): void {
    if (phase === this.phase) return
    this.close()
    this.phase = phase
  }

  points(points: readonly MetricPoint[]): void {
    for (const { step } of points) this.steps = Math.max(this.steps, step)
  }

  /** Ends the phase that is going on. */
  close(): void {
    const at = this.now()
    if (this.phase) {
      const before = this.spent.get(this.phase) ?? { ms: 0, steps: 0 }
      const steps = before.steps + this.steps - this.stepsBefore
      this.spent.set(this.phase, { ms: before.ms + at - this.since, steps })
    }
    this.phase = null
    this.since = at
    this.stepsBefore = this.steps
  }

  /** Seconds a step, or null when the phase did not occur or made too few steps to tell. */
  secondsPerStep(phase: Phase): number | null {
    const spent = this.spent.get(phase)
    return spent && spent.steps >= 5 && spent.ms > 0 ? spent.ms / spent.steps / 1000 : null
  }
}
