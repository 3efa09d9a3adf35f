/** How far a preparation is, over all its phases, and how long it still takes. Pure: the clock comes from outside. */
import { formatBytes } from '@shared/text/format'
import { fetchedBytes, type RuntimePlan } from './plan'

export interface Phase {
  name: string
  /** Share of the whole bar. The shares of all phases sum to 1. */
  share: number
  /** How long it takes on a common machine; counts for the phases that have not begun. */
  expectedSeconds: number
}

export interface Progress {
  phase: string
  /** 0–1 over everything; never falls. */
  progress: number
  etaSeconds: number | null
}

/** Rates of a common machine, for what has not begun. */
const UNPACKED_BYTES_PER_SECOND = 120e6
const FETCHED_BYTES_PER_SECOND = 10e6
const SLOW_COMPILER = { share: 0.4, expectedSeconds: 60 }

/**
 * Fetching, unpacking, compiling, first operation.
 *
 * @param hasCompiler false: a compiler is fetched as well, and builds its own libraries before the binding
 */
export function phasesOf(plan: RuntimePlan, hasCompiler: boolean): Phase[] {
  const bytes = fetchedBytes(plan)
  const version = plan.version.split('.').slice(0, 2).join('.')
  return [
    {
      name: `Fetching TensorFlow ${version} (${formatBytes(bytes)})`,
      share: hasCompiler ? 0.76 : 0.82 - SLOW_COMPILER.share,
      expectedSeconds: bytes / FETCHED_BYTES_PER_SECOND
    },
    { name: 'Unpacking', share: 0.14, expectedSeconds: plan.unpackedBytes / UNPACKED_BYTES_PER_SECOND },
    hasCompiler
      ? { name: 'Compiling the binding', share: 0.06, expectedSeconds: 5 }
      : {
          name: `Compiling the binding with a fetched compiler (${formatBytes(plan.zig?.bytes ?? 0)})`,
          ...SLOW_COMPILER
        },
    { name: 'First operation', share: 0.04, expectedSeconds: 2 }
  ]
}

/** A rate that was measured over less than this says too little. */
const MIN_MEASURED_MS = 1000

export class ProgressMeter {
  private phase = 0
  private startedAt: number
  private startFraction: number | null = null
  private highest = 0

  /** @param now clock in ms */
  constructor(
    private readonly phases: readonly Phase[],
    private readonly now: () => number = Date.now
  ) {
    this.startedAt = now()
  }

  /** Enters a phase; those before it count as done. */
  enter(phase: number): Progress {
    this.phase = phase
    this.startedAt = this.now()
    this.startFraction = null
    return this.at(0)
  }

  /** @param fraction 0–1 of the phase that was entered last */
  at(fraction: number): Progress {
    const current = this.phases[this.phase]
    if (!current) throw new RangeError(`phase ${this.phase}`)
    const bounded = Math.min(1, Math.max(0, fraction))
    if (this.startFraction === null && bounded > 0) {
      this.startFraction = bounded
      this.startedAt = this.now()
    }
    const before = this.phases.slice(0, this.phase).reduce((sum, { share }) => sum + share, 0)
    this.highest = Math.max(this.highest, Math.min(1, before + current.share * bounded))
    return { phase: current.name, progress: this.highest, etaSeconds: this.eta(bounded, current) }
  }

  /**
   * A phase that cannot be measured: the fraction comes from its expected time and nears 1 without reaching it.
   *
   * @param elapsedMs since it was entered
   */
  estimated(elapsedMs: number): Progress {
    const expectedMs = (this.phases[this.phase]?.expectedSeconds ?? 1) * 1000
    const fraction = 1 - Math.exp(-elapsedMs / expectedMs)
    const shown = this.at(fraction)
    // Longer than expected: nobody knows how long still.
    const left = elapsedMs < expectedMs ? (expectedMs - elapsedMs) / 1000 + this.laterSeconds() : null
    return { ...shown, etaSeconds: left }
  }

  private eta(fraction: number, current: Phase): number | null {
    const later = this.laterSeconds()
    const elapsed = this.now() - this.startedAt
    const gained = fraction - (this.startFraction ?? 0)
    if (gained > 0 && elapsed >= MIN_MEASURED_MS) return ((1 - fraction) * elapsed) / gained / 1000 + later
    // How fast the network is, nobody knows before it has been measured.
    return this.phase === 0 ? null : current.expectedSeconds * (1 - fraction) + later
  }

  private laterSeconds(): number {
    return this.phases.slice(this.phase + 1).reduce((sum, { expectedSeconds }) => sum + expectedSeconds, 0)
  }
}
