/** The curves of a run by epochs. */
import type { MetricPoint } from '@shared/domain/run'

export interface EpochLosses {
  /** Counted from 1, over both phases. */
  epoch: number
  /** Mean over the epoch's training batches, nats; null where there is none, or it was no number. */
  train: number | null
  validation: number | null
  accuracy: number | null
}

export interface RunCurves {
  epochs: EpochLosses[]
  /** Whether a loss was no number at some step. */
  diverged: boolean
}

export function readCurves(points: readonly MetricPoint[]): RunCurves {
  const epochs = new Map<number, { train: number[]; validation: number | null; accuracy: number | null }>()
  const at = (epoch: number): { train: number[]; validation: number | null; accuracy: number | null } => {
    const known = epochs.get(epoch) ?? { train: [], validation: null, accuracy: null }
    epochs.set(epoch, known)
    return known
  }
  let diverged = false
  for (const { series, epoch, value } of points) {
    const place = Math.max(1, Math.ceil(epoch - 1e-9))
    if (value === null && series.endsWith('_loss')) diverged = true
    if (value === null) continue
    if (series === 'train_loss') at(place).train.push(value)
    else if (series === 'validation_loss') at(place).validation = value
    else if (series === 'validation_accuracy') at(place).accuracy = value
  }
  return {
    diverged,
    epochs: [...epochs]
      .sort(([a], [b]) => a - b)
      .map(([epoch, { train, validation, accuracy }]) => ({
        epoch,
        train: train.length > 0 ? train.reduce((sum, value) => sum + value, 0) / train.length : null,
        validation,
        accuracy
      }))
  }
}
