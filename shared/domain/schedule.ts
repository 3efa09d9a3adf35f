/** Learning rate by step: one pure function, which trains and which is drawn. */
import type { HeadConfig } from './training-config'

export type ScheduleConfig = Pick<HeadConfig, 'learningRate' | 'schedule' | 'warmup'>

/** One cycle begins at peak/5 and ends at peak/100,000: fastai's `fine_tune` (div = 5) and `fit_one_cycle` (div_final = 1e5). */
const ONE_CYCLE_START = 5
const ONE_CYCLE_END = 1e5

/** Shares of all steps after which the step schedule divides by ten: BiT's 200, 300 and 400 of 500 (Kolesnikov et al. 2020). */
const STEP_BOUNDARIES = [0.4, 0.6, 0.8] as const

/**
 * `constant`, and `plateau` before its first cut: the peak. `cosine`: from the peak to zero along half a cosine (Loshchilov &
 * Hutter 2017, https://arxiv.org/abs/1608.03983). `step`: a tenth of the rate after each boundary. All of them climb linearly
 * during the warm-up, of which the first step already moves: step s of w has the rate peak·(s + 1)/w.
 *
 * `one-cycle`: half a cosine up from peak/5 over the warm-up, half a cosine down to peak/1e5 over the rest (Smith 2018, as
 * fastai's combined_cos has it).
 *
 * @param step counted from 0
 */
export function rateAt({ learningRate, schedule, warmup }: ScheduleConfig, step: number, totalSteps: number): number {
  if (schedule === 'one-cycle') return oneCycle(learningRate, warmup, step / Math.max(1, totalSteps))
  const warmupSteps = Math.round(warmup * totalSteps)
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps
  if (schedule === 'cosine') {
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps))
    return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2
  }
  if (schedule === 'step') {
    const cuts = STEP_BOUNDARIES.filter((boundary) => step >= Math.round(boundary * totalSteps)).length
    return learningRate / 10 ** cuts
  }
  return learningRate
}

function oneCycle(peak: number, share: number, progress: number): number {
  if (progress < share) return halfCosine(peak / ONE_CYCLE_START, peak, progress / share)
  return halfCosine(peak, peak / ONE_CYCLE_END, share < 1 ? Math.min(1, (progress - share) / (1 - share)) : 1)
}

const halfCosine = (from: number, to: number, progress: number): number =>
  from + ((to - from) * (1 - Math.cos(Math.PI * progress))) / 2
