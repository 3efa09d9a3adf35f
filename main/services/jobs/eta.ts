/** Time left, from the rate that was measured so far in the same phase. */

/** A rate that was measured over less than this says too little. */
const MIN_MEASURED_MS = 500

export class EtaMeter {
  private phase: string | null = null
  private startedAt = 0
  private startedWith = 0

  constructor(private readonly now: () => number) {}

  /** @returns seconds until `done` reaches `total`, or null while unknown */
  update(phase: string, done: number, total: number): number | null {
    const at = this.now()
    if (phase !== this.phase || done < this.startedWith) {
      this.phase = phase
      this.startedAt = at
      this.startedWith = done
    }
    const elapsedMs = at - this.startedAt
    const gained = done - this.startedWith
    if (total <= 0 || gained <= 0 || elapsedMs < MIN_MEASURED_MS) return null
    return (Math.max(0, total - done) * elapsedMs) / gained / 1000
  }
}
