/** What the doctor can find while a run trains. Each code stands at most once among a run's findings. */
import { z } from 'zod'
import type { Finding } from './finding'

export const liveFindingCodeSchema = z.enum([
  'training/not-a-number',
  'training/diverged',
  'training/exploding-gradients',
  'training/vanishing-gradients',
  'training/learning-rate-high',
  'training/learning-rate-low',
  'training/dead-units',
  'training/plateau',
  'training/overfitting',
  'device/input-bound',
  'device/throttling',
  'device/swapping'
])
export type LiveFindingCode = z.infer<typeof liveFindingCodeSchema>

export interface LiveFinding extends Finding {
  code: LiveFindingCode
}

export const isLiveFinding = ({ code }: Pick<Finding, 'code'>): boolean => liveFindingCodeSchema.safeParse(code).success
