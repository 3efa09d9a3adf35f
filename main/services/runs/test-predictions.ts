/** What a run took each test image for, as a script reads it. */
import { StudioError } from '@shared/errors'
import type { Run } from '@shared/domain/run'
import type { RunStore } from '../../store/store'

export interface TestPrediction {
  /** Relative to the dataset's folder, forward slashes. */
  path: string
  label: string
  predicted: string
  /** In the order of the run's classes, as the network gave them: without the temperature of a calibration. */
  probabilities: number[]
}

/** In the order of the paths. @throws StudioError run/no-predictions when the run was never tested */
export async function testPredictions(store: RunStore, run: Run): Promise<TestPrediction[]> {
  const [images, { imageIds, truth, probabilities }] = await Promise.all([
    store.testOutcomes(run.id),
    store.probabilities(run.id, 'test')
  ])
  if (imageIds.length === 0) {
    throw new StudioError('run/no-predictions', `'${run.name}' has no test predictions.`, { runId: run.id })
  }
  const width = run.classes.length
  const places = new Map(Array.from(imageIds, (id, place) => [id, place]))
  return images.map(({ imageId, path }) => {
    const place = places.get(imageId)!
    const row = Array.from(probabilities.subarray(place * width, (place + 1) * width))
    return {
      path,
      label: run.classes[truth[place]!]!,
      predicted: run.classes[row.indexOf(Math.max(...row))]!,
      probabilities: row
    }
  })
}
