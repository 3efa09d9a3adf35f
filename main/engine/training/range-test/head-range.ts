/** The range test of a head that learns by gradients. */
import type { TrainingConfig } from '@shared/domain/training-config'
import { classWeights, epochOrder } from '../class-balance'
import { dropOut, dropoutFactors } from '../dropout'
import { gatherRows, type FeatureValues } from '../../data/feature-rows'
import { applyScaling, fitScaling, softTargets, type FeatureSet } from '../head-data'
import { startingHead } from '../head-initial'
import { headParameters, openHeadSessions, shapeOfHead, type HeadRuntime } from '../head-sessions'
import { clipByGlobalNorm, createOptimizer } from '../optimizers'
import { derive } from '../random'
import { RANGE_STEPS, rangeRate, type RangeRecorder } from './range-recorder'

export interface HeadRangeInput {
  runtime: HeadRuntime
  train: FeatureSet<FeatureValues>
  classes: number
  config: TrainingConfig
  recorder: RangeRecorder
  /** After each step. */
  onStep: (done: number) => void
  signal: AbortSignal
}

/** On the batches that the first epochs would have, from the weights that training begins with. */
export async function headRange({ runtime, train, classes, config, recorder, onStep, signal }: HeadRangeInput) {
  const { batchSize, dropout, labelSmoothing, scaling, clipNorm } = config.head
  const head = startingHead({ train, classes, config })
  const weights = classWeights(train.labels, classes, config.balance.lossWeights)
  const targets = softTargets(train.labels, classes, labelSmoothing, weights)
  const values = applyScaling(train.values, fitScaling(train, scaling))
  const parameters = headParameters(head).map((own, index) => ({ values: own, decays: index % 2 === 0 }))
  const optimizer = createOptimizer(config.head, parameters)
  const shuffling = derive(config.seed, 'range', 'shuffle')
  const dropping = derive(config.seed, 'range', 'dropout')
  const sessions = await openHeadSessions(runtime, shapeOfHead(head))
  try {
    let order = new Int32Array()
    for (let step = 0; step < RANGE_STEPS && !signal.aborted; step++) {
      if (order.length === 0)
        order = new Int32Array(epochOrder(train.labels, classes, config.balance.sampling, shuffling))
      const rows = order.subarray(0, batchSize)
      order = order.subarray(rows.length)
      const x = new Float32Array(rows.length * train.width)
      const y = new Float32Array(rows.length * classes)
      gatherRows(values, train.width, rows, x)
      gatherRows(targets, classes, rows, y)
      dropOut(x, dropout, dropping)
      const mask = head.hidden && dropoutFactors(rows.length * head.hidden.bias.length, dropout, dropping)
      const { loss, gradients } = await sessions.step(head, x, y, mask)
      const goesOn = recorder.add(rangeRate(step), loss)
      onStep(step + 1)
      if (!goesOn) return
      if (clipNorm > 0) clipByGlobalNorm(gradients, clipNorm)
      optimizer.step(gradients, rangeRate(step))
    }
  } finally {
    await sessions.dispose()
  }
}
