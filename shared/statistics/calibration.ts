/** Whether a classifier is right as often as it says: of 100 answers with probability 0.8, 80 should be right. */
import { argMax } from './classification'

export interface ReliabilityBin {
  /** Confidences above `low` up to `high`; the first bin holds 0 as well. */
  low: number
  high: number
  count: number
  /** Mean confidence and share of right guesses; 0 in an empty bin. */
  confidence: number
  accuracy: number
}

/** The most probable class of each image (the first of equals): its probability, and whether (1 or 0) it is right. */
export function confidences(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>
): { confidence: Float64Array; correct: Uint8Array } {
  const classCount = truth.length === 0 ? 0 : probabilities.length / truth.length
  const confidence = new Float64Array(truth.length)
  const correct = new Uint8Array(truth.length)
  for (let row = 0; row < truth.length; row++) {
    const guess = argMax(probabilities, row * classCount, classCount)
    confidence[row] = probabilities[row * classCount + guess]!
    correct[row] = Number(guess === truth[row])
  }
  return { confidence, correct }
}

/**
 * Confidence against accuracy in bins of equal width (DeGroot & Fienberg 1983; Niculescu-Mizil & Caruana 2005). A confidence on
 * an edge belongs to the bin below, as in Guo et al. 2017 and `calibration_curve` of scikit-learn. A diverged run's NaN is in none.
 *
 * @param probabilities row-major [images, classes]
 */
export function reliabilityBins(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  binCount = 15
): ReliabilityBin[] {
  const { confidence, correct } = confidences(probabilities, truth)
  // The edges as numpy.linspace rounds them, so that a confidence on an edge falls where it does there.
  const edge = (index: number): number => (index === binCount ? 1 : index * (1 / binCount))
  const bins = Array.from({ length: binCount }, (_, index) => ({
    low: edge(index),
    high: edge(index + 1),
    count: 0,
    confidence: 0,
    accuracy: 0
  }))
  confidence.forEach((value, row) => {
    if (Number.isNaN(value)) return
    let place = Math.min(binCount - 1, Math.max(0, Math.floor(value * binCount)))
    if (place > 0 && value <= edge(place)) place--
    else if (place < binCount - 1 && value > edge(place + 1)) place++
    const bin = bins[place]!
    bin.count++
    bin.confidence += value
    bin.accuracy += correct[row]!
  })
  return bins.map((bin) =>
    bin.count === 0 ? bin : { ...bin, confidence: bin.confidence / bin.count, accuracy: bin.accuracy / bin.count }
  )
}

/**
 * Mean gap between confidence and accuracy over equal-width bins, weighted by their images (ECE: Naeini et al. 2015; 15 bins as
 * Guo et al. 2017, https://proceedings.mlr.press/v70/guo17a.html). 0 without images.
 *
 * @param probabilities row-major [images, classes]
 */
export function expectedCalibrationError(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  binCount = 15
): number {
  if (truth.length === 0) return 0
  const gaps = reliabilityBins(probabilities, truth, binCount).map(
    ({ count, confidence, accuracy }) => count * Math.abs(accuracy - confidence)
  )
  return gaps.reduce((sum, gap) => sum + gap, 0) / truth.length
}
