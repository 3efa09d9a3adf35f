/** The range test of a fine-tune: its own first steps, at rates that climb. */
import { setImmediate } from 'node:timers/promises'
import { StudioError } from '@shared/errors'
import type { FineTuneInput } from '../finetune-contract'
import { RANGE_STEPS, rangeRate, type RangeRecorder } from '../range-test/range-recorder'
import { openFineTune } from './index'
import type { LearningBatch } from './step-inputs'
import { TrainingStep } from './training-step'

/** @param onStep after each step */
export async function fineTuneRange(
  input: FineTuneInput,
  recorder: RangeRecorder,
  onStep: (done: number) => void
): Promise<void> {
  const open = await openFineTune(input)
  const { ops, inputs, network } = open
  const train = input.images.filter(({ split }) => split === 'train')
  const step = new TrainingStep(ops, network, input.config, train, inputs.shape)
  const { accumulate } = input.config.fineTune
  try {
    for (let epoch = 1; ; epoch++) {
      let waiting: LearningBatch[] = []
      let seen = 0
      for await (const batch of inputs.epoch(epoch)) {
        await setImmediate()
        if (input.signal.aborted) return
        if (batch.images.length > 0) waiting.push(batch)
        seen += batch.images.length
        const isLast = batch.step + 1 === inputs.batchesPerEpoch
        if (waiting.length === 0 || ((batch.step + 1) % accumulate !== 0 && !isLast)) continue
        const rate = rangeRate(step.steps)
        const goesOn = recorder.add(rate, lossOf(step, waiting, rate))
        onStep(step.steps)
        if (!goesOn || step.steps >= RANGE_STEPS) return
        waiting = []
      }
      // No picture of it can be read.
      if (seen === 0) return
    }
  } finally {
    step.dispose()
    await open.close()
  }
}

/** NaN where the network has run away, which is what a range test is for. */
function lossOf(step: TrainingStep, batches: readonly LearningBatch[], rate: number): number {
  try {
    return step.take(batches, rate).loss
  } catch (error) {
    if (error instanceof StudioError && error.code === 'run/diverged') return NaN
    throw error
  }
}
