/** The finding of an error by which a training ended. */
import type { LiveFinding } from '@shared/domain/live-finding'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import { notANumber, type Origin } from '../diagnosis/live/not-a-number'

/** Null for what is not a loss that was no number, or of which it is not known where it came from. */
export function brokenBy(error: unknown, phase: 'head' | 'finetune', config: TrainingConfig): LiveFinding | null {
  if (!(error instanceof StudioError) || error.code !== 'run/diverged') return null
  const { step, origin } = error.details as { step?: number; origin?: Origin }
  return origin && step !== undefined ? notANumber(origin, step, phase, config) : null
}
