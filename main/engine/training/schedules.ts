/** Learning rate by step: pure functions. */
import type { HeadConfig } from '@shared/domain/training-config'

/** @param step counted from 0 */
export type Schedule = (step: number) => number

/**
 * Linear warm-up to the peak, then constant, or down to zero along half a cosine (Loshchilov & Hutter 2017,
 * https://arxiv.org/abs/1608.03983). The first step of a warm-up already moves: step s of w has the rate peak·(s + 1)/w.
 */
export function createSchedule(
  config: Pick<HeadConfig, 'learningRate' | 'schedule' | 'warmup'>,
  totalSteps: number
): Schedule {
  const { learningRate, schedule } = config
  const warmupSteps = Math.round(config.warmup * totalSteps)
  return (step) => {
    if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps
    if (schedule === 'constant') return learningRate
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps))
    return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2
  }
}
