/** How well features tell the classes apart: a logistic regression, cross-validated on the sample. */
import { argMax } from '@shared/statistics/classification'
import { trainingConfigSchema } from '@shared/domain/training-config'
import { openDense, type HeadRuntime } from '../training/head-sessions'
import type { FeatureSet } from '../training/head-data'
import { derive } from '../training/random'
import { trainHead } from '../training/train-head'
import { rowsOf } from './sample'

const FOLDS = 3
/** In the middle of what validation chooses on such samples. */
const PENALTY = 10
const SILENT = { onStart: () => undefined, onStep: () => undefined, onEpoch: () => undefined }

/** @returns for each row whether the head that had not seen it was right, 0 or 1; the folds follow from the seed alone */
export async function crossValidate(
  runtime: HeadRuntime,
  set: FeatureSet,
  classes: number,
  seed: number
): Promise<Uint8Array> {
  const right = new Uint8Array(set.labels.length)
  const random = derive(seed, 'doctor', 'folds')
  const fold = Array.from(set.labels, () => Math.floor(random.uniform(0, FOLDS)))
  const config = trainingConfigSchema.parse({
    seed,
    head: { method: 'lbfgs', penalty: PENALTY, labelSmoothing: 0 },
    earlyStopping: { enabled: false }
  })
  for (let out = 0; out < FOLDS; out++) {
    const rows = (inside: boolean): number[] => fold.flatMap((own, row) => ((own === out) === inside ? [row] : []))
    const [held, fit] = [rows(true), rows(false)]
    if (held.length === 0 || fit.length === 0) continue
    const validation = rowsOf(set, held)
    const signal = new AbortController().signal
    const trained = await trainHead({
      runtime,
      train: rowsOf(set, fit),
      validation,
      classes,
      config,
      reporter: SILENT,
      signal
    })
    if (!trained) continue
    const dense = await openDense(runtime, set.width, classes)
    try {
      const scores = await dense.run(trained.head, validation.values)
      held.forEach((row, place) => {
        right[row] = argMax(scores, place * classes, classes) === validation.labels[place] ? 1 : 0
      })
    } finally {
      await dense.dispose()
    }
  }
  return right
}

export const shareOf = (right: Uint8Array): number =>
  right.reduce((sum, value) => sum + value, 0) / Math.max(1, right.length)
