/** A run is an experiment too: where training takes long, the two that are there are not trained again. */
import type { Store } from '../../store/store'
import { testImages } from './experiment'
import type { Side, Sides } from './sides'
import type { Trials } from './trials'

/** Shorter ones are trained again, so that all times are of the same hour. */
const LONG_SECONDS = 10

/** @param tested images of the test split as it is now */
export async function reuseRuns(
  store: Pick<Store, 'runs'>,
  { a, b, grounds }: Sides,
  trials: Trials,
  tested: number
): Promise<void> {
  const take = async ({ run, config }: Side, coalition: number): Promise<void> => {
    if (!run || run.state !== 'completed' || run.datasetHash !== grounds.dataset.contentHash) return
    if ((run.seconds?.train ?? 0) < LONG_SECONDS) return
    const weights = run.environment?.hashes?.backbone
    if (weights !== grounds.backbones.get(config.backboneId)!.weightsHash) return
    const right = new Map((await store.runs.testOutcomes(run.id)).map(({ imageId, correct }) => [imageId, correct]))
    const images = testImages(grounds)
    if (right.size !== tested || !images.every(({ id }) => right.has(id))) return
    const correct = Uint8Array.from(images, ({ id }) => (right.get(id) ? 1 : 0))
    const outcome = { correct, seconds: run.seconds!.train }
    const trial = trials.trial({ coalition, seed: config.seed })
    trials.settle(trial, { outcome, cached: true, diverged: false, error: null })
  }
  await take(a, 0)
  await take(b, trials.everything)
}
