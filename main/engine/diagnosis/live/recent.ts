/** What a training did lately, as its detectors look at it: small lists of figures, and what they are measured against. */
import type { TrainingConfig } from '@shared/domain/training-config'

/** Mean of a few neighbouring steps, so that one batch does not make the course. */
export interface LossFigure {
  /** Last step of them, counted over the phase. */
  step: number
  /** Nats, as the optimiser sees it. */
  loss: number
}

export interface ProbeFigure {
  step: number
  loss: number
  /** Share of the peak rate that the schedule gave. */
  rateShare: number
  /** Median over kernels of ‖update‖ / ‖weights‖ of this step. */
  updateRatio: number
  /** ‖gradient‖ of each unfrozen block, first to last; the head is the last. */
  blocks: readonly { name: string; norm: number }[]
}

export interface EpochFigure {
  /** Counted from 1 over the phase. */
  epoch: number
  validationLoss: number
  trainLoss: number | null
  /** Share of the training images that were right as they were seen. */
  trainAccuracy: number | null
  dead: DeadUnits | null
}

/** Rectified units that did not fire once on what they were shown. */
export interface DeadUnits {
  units: number
  dead: number
  /** The layer with the largest share of them. */
  worst: { layer: string; units: number; dead: number }
}

/** A second of training and of the machine. */
export interface SecondFigure {
  /** Since the phase began. */
  atMs: number
  imagesPerSecond: number
  /** Of the time of its steps, that they waited for pictures; null where there are none to wait for. */
  waitShare: number | null
  /** The phase's own epochs that were done by then. */
  epochsDone: number
  /** Major page faults of this process a second: pages that had to be read from the disk. */
  majorFaults: number
  /** Of the memory that this process may have. */
  freeShare: number
}

export interface Recent {
  phase: 'head' | 'finetune'
  config: TrainingConfig
  classes: number
  /** Lowest loss that the targets leave possible: label smoothing's own entropy, nats. */
  floor: number
  epochsPlanned: number
  stepsPlanned: number
  /** Newest last, as in every list here. */
  losses: readonly LossFigure[]
  /** Of all so far. */
  lowest: number
  /** ‖gradient‖ of the steps, before clipping. */
  norms: readonly number[]
  probes: readonly ProbeFigure[]
  epochs: readonly EpochFigure[]
  seconds: readonly SecondFigure[]
}

/** Settings of the phase, and what they are called in the configuration. */
export const settingsOf = ({ phase, config }: Pick<Recent, 'phase' | 'config'>) =>
  phase === 'head'
    ? ({ prefix: 'head', settings: config.head } as const)
    : ({ prefix: 'fineTune', settings: config.fineTune } as const)

/** How far above its floor a loss stands: 1 is a guess that knows nothing. */
export const excess = ({ classes, floor }: Recent, loss: number): number =>
  (loss - floor) / Math.max(1e-9, Math.log(classes) - floor)

/** Whether what is right is nearer to everything than to what guessing gets right. */
export const knows = (accuracy: number, classes: number): boolean => accuracy > (1 + 1 / classes) / 2

/**
 * Cross-entropy of targets (1 − ε + ε/K, ε/K, …) with themselves.
 *
 * @param smoothing ε
 */
export function lossFloor(smoothing: number, classes: number): number {
  const [other, truth] = [smoothing / classes, 1 - smoothing + smoothing / classes]
  const part = (p: number): number => (p > 0 ? -p * Math.log(p) : 0)
  return part(truth) + (classes - 1) * part(other)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

/** A loss: two decimals, or, where those mean nothing, its order of magnitude. */
export const shownLoss = (loss: number): string => (loss < 1e4 ? loss.toFixed(2) : loss.toExponential(1))

export const rounded = (rate: number): number => Number(rate.toPrecision(2))
export const shown = (rate: number): string => (rate < 1e-4 ? rounded(rate).toExponential() : String(rounded(rate)))
