/** The same work takes longer than it did. */
import type { Detector } from './detector'
import { median } from './recent'

/** Seconds of training whose median is a speed. */
const WINDOW = 10
/** Of the fastest such stretch near the beginning. */
const SLOW = 0.6
const STILL_SLOW = 0.75
const FAR = 0.3
/** Seconds from which the beginning's speed is taken. */
const BEGINNING = 120

export const throttling: Detector = (recent, standing) => {
  // A fine-tune decodes in its first epoch, and has a speed of its own after it.
  const seconds = recent.seconds.filter(({ epochsDone }) => recent.phase === 'head' || epochsDone > 0)
  if (seconds.length < 3 * WINDOW) return null
  const speeds = seconds.map(({ imagesPerSecond }) => imagesPerSecond)
  let fastest = 0
  for (let from = 0; from + WINDOW <= Math.min(BEGINNING, speeds.length - WINDOW); from += WINDOW) {
    fastest = Math.max(fastest, median(speeds.slice(from, from + WINDOW)))
  }
  const lately = [speeds.slice(-2 * WINDOW, -WINDOW), speeds.slice(-WINDOW)].map(median)
  const limit = fastest * (standing ? STILL_SLOW : SLOW)
  if (lately.some((speed) => speed >= limit)) return null
  const now = lately[1]!
  return {
    code: 'device/throttling',
    severity: now < FAR * fastest ? 'warning' : 'info',
    title: `It has slowed down to ${Math.round((100 * now) / fastest)} % of its speed.`,
    evidence: `${Math.round(now)} images/s, ${Math.round(fastest)} at the beginning.`,
    advice:
      'The processor is too warm or runs on battery, or other programs take their share: nothing is wrong with the training.'
  }
}
