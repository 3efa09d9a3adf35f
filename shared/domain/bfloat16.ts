/** Where bfloat16 can be trained in, and why not here. */
import { StudioError } from '../errors'

export interface Bfloat16Place {
  /** Whether the GPU trains. */
  onGpu: boolean
  /** Whether the processor multiplies bfloat16 itself: where it does not, a product takes longer than in float32. */
  multiplies: boolean
}

/** Null where it can be. */
export function whyNoBfloat16({ onGpu, multiplies }: Bfloat16Place): string | null {
  if (onGpu) return 'bfloat16 is for training on a processor, and this machine trains on its GPU.'
  if (multiplies) return null
  return 'This processor has no instructions for bfloat16 (AVX512-BF16 or AMX), or the system does not tell.'
}

/** @throws StudioError device/no-bfloat16 where it cannot be */
export function assertBfloat16(place: Bfloat16Place): void {
  const why = whyNoBfloat16(place)
  if (why) throw new StudioError('device/no-bfloat16', why, { key: 'fineTune.precision' })
}
