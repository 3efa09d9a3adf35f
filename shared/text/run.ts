/** Where a run stands, in words. */
import type { RunCheckpoint } from '../domain/run'
import { formatCount } from './format'

/** 'epoch 7 of 60, step 210'; 'epoch 1 of 12 of the fine-tuning, step 504', steps counted over the run; 'the beginning of the fine-tuning' where no step of the phase is done. */
export function pausedAt({ phase, step, epoch, epochs }: RunCheckpoint): string {
  if (phase === 'evaluate') return 'the test'
  if (epoch === 0) return phase === 'finetune' ? 'the beginning of the fine-tuning' : 'the beginning'
  const of = phase === 'finetune' ? `${formatCount(epochs)} of the fine-tuning` : formatCount(epochs)
  return `epoch ${formatCount(epoch)} of ${of}, step ${formatCount(step)}`
}
