/** Fits a finished run's temperature. */
import type { Run } from '@shared/domain/run'
import type { Calibration } from '@shared/domain/run-annotations'
import { StudioError } from '@shared/errors'
import { expectedCalibrationError } from '@shared/statistics/calibration'
import { meanCrossEntropy } from '@shared/statistics/classification'
import { applyTemperature, fitTemperature } from '@shared/statistics/temperature'
import type { RunStore } from '../../store/store'

/**
 * Temperature scaling on the validation images; what it does to the probabilities is measured on the test images, which had no part
 * in it. Where validation tells no temperature (every image is right, so that any sharpening seems to help; or the run knows less
 * than a guess) it stays 1.
 *
 * @throws StudioError run/uncalibratable when there are no predictions of validation or of test
 */
export async function fitCalibration(store: Pick<RunStore, 'probabilities'>, run: Run): Promise<Calibration> {
  const [validation, test] = [
    await store.probabilities(run.id, 'validation'),
    await store.probabilities(run.id, 'test')
  ]
  for (const [split, { truth }] of [['validation', validation] as const, ['test', test] as const]) {
    if (truth.length > 0) continue
    const message = `'${run.name}' has no predictions of the ${split} images.`
    throw new StudioError('run/uncalibratable', message, { runId: run.id, split })
  }
  const fit = fitTemperature(validation.probabilities, validation.truth)
  const temperature = fit.atBound ? 1 : fit.temperature
  const classes = run.classes.length
  const scaled = temperature === 1 ? test.probabilities : applyTemperature(test.probabilities, classes, temperature)
  return {
    temperature,
    nllBefore: meanCrossEntropy(test.probabilities, test.truth, classes),
    nllAfter: meanCrossEntropy(scaled, test.truth, classes),
    eceBefore: expectedCalibrationError(test.probabilities, test.truth),
    eceAfter: expectedCalibrationError(scaled, test.truth),
    count: validation.truth.length
  }
}
