/** The machine has no memory left, and pages are fetched from the disk again and again. */
import type { Detector } from './detector'
import { median, settingsOf } from './recent'

const LATELY = 5
/** Pages a second. */
const MANY = 200
const STILL_MANY = 50
/** Of the memory: with more than this free, pages come from the disk for another reason, such as a file that is read. */
const SCARCE = 0.1

export const swapping: Detector = (recent, standing) => {
  const lately = recent.seconds.slice(-LATELY)
  if (lately.length < LATELY) return null
  const faults = median(lately.map(({ majorFaults }) => majorFaults))
  const free = median(lately.map(({ freeShare }) => freeShare))
  if (faults < (standing ? STILL_MANY : MANY) || free > (standing ? 2 * SCARCE : SCARCE)) return null
  const { prefix, settings } = settingsOf(recent)
  const half = Math.max(1, Math.floor(settings.batchSize / 2))
  return {
    code: 'device/swapping',
    severity: 'severe',
    title: 'The memory is full, and the machine swaps.',
    evidence: `${Math.round(faults)} pages a second come back from the disk; ${Math.round(100 * free)} % of the memory is free.`,
    advice: 'Close other programs, or train with smaller batches.',
    ...(half < settings.batchSize && {
      repair: { label: `Batches of ${half}`, changes: { [`${prefix}.batchSize`]: half } }
    })
  }
}
