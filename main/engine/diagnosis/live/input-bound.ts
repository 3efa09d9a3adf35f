/** The steps wait for pictures longer than they compute. */
import { isAugmenting } from '../../data/augment/draw'
import type { Detector } from './detector'
import { median } from './recent'

/** Seconds of training that are looked at. */
const LATELY = 6
const MUCH = 0.5
const STILL_MUCH = 0.3
const FAR = 0.8

export const inputBound: Detector = (recent, standing) => {
  // The first epoch decodes what the others read.
  const waits = recent.seconds.filter(({ epochsDone, waitShare }) => epochsDone > 0 && waitShare !== null)
  const lately = waits.slice(-LATELY).map(({ waitShare }) => waitShare!)
  if (lately.length < LATELY) return null
  const share = median(lately)
  if (share < (standing ? STILL_MUCH : MUCH)) return null
  const augments = isAugmenting(recent.config.augmentation)
  return {
    code: 'device/input-bound',
    severity: share > FAR ? 'warning' : 'info',
    title: `The steps wait for pictures ${Math.round(100 * share)} % of their time.`,
    evidence: `Median of the last ${LATELY} seconds of training.`,
    advice: augments
      ? 'Augmentation draws each picture anew; fewer of its operations, or a disk that reads faster, would feed it.'
      : 'Put the dataset on a disk that reads faster, or scale its pictures down.'
  }
}
