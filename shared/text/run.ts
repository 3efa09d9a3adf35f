/** Where a run stands, in words. */
import type { RunCheckpoint } from '../domain/run'
import { formatCount } from './format'

/** 'epoch 7 of 60, step 210'; 'the beginning of the fine-tuning' where no step of the phase is done. */
export function pausedAt({ phase, step, epoch, epochs }: RunCheckpoint): string {
  if (phase === 'evaluate') return 'the test'
  if (epoch === 0) return phase === 'finetune' ? 'the beginning of the fine-tuning' : 'the beginning'
  return `epoch ${formatCount(epoch)} of ${formatCount(epochs)}, step ${formatCount(step)}`
}
