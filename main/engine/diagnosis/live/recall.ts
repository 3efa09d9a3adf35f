/** What a phase that goes on from a checkpoint has behind it, read from its curves: it is judged by all of its course. */
import type { MetricPoint } from '@shared/domain/run'
import type { EpochFigure, LossFigure } from './recent'

export interface PhaseCourse {
  /** Steps, or means of neighbouring ones, counted over the phase. */
  losses: LossFigure[]
  epochs: EpochFigure[]
}

/**
 * @param points of the whole run
 * @param phase how many steps and epochs of the run came before it
 */
export function recallCourse(
  points: readonly MetricPoint[],
  { firstStep, firstEpoch }: { firstStep: number; firstEpoch: number }
): PhaseCourse {
  const losses: LossFigure[] = []
  const epochs = new Map<number, Partial<Record<MetricPoint['series'], number>>>()
  for (const { series, step, epoch, value } of points) {
    if (step <= firstStep || value === null) continue
    if (series === 'train_loss') losses.push({ step: step - firstStep, loss: value })
    if (series !== 'validation_loss' && series !== 'train_accuracy') continue
    const number = Math.round(epoch - firstEpoch)
    epochs.set(number, { ...epochs.get(number), [series]: value })
  }
  return {
    losses,
    epochs: [...epochs].flatMap(([epoch, { validation_loss: validationLoss, train_accuracy: trainAccuracy = null }]) =>
      validationLoss === undefined ? [] : [{ epoch, validationLoss, trainLoss: null, trainAccuracy, dead: null }]
    )
  }
}
