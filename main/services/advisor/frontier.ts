/** Which backbones no other one beats, and which are worth a closer look. Pure. */
import { pairedBootstrap, type BootstrapInterval } from '@shared/statistics/paired-bootstrap'

/** Of one stage: of each of its test images, 1 where it was right. */
export interface Trialled {
  backboneId: string
  msPerImage: number
  correct: Uint8Array
}

export const shareOf = (correct: Uint8Array): number => {
  let right = 0
  for (const one of correct) right += one
  return correct.length === 0 ? 0 : right / correct.length
}

/** As accurate and as fast at least, and better in one of the two. */
function dominates(a: Trialled, b: Trialled): boolean {
  const [accuracyA, accuracyB] = [shareOf(a.correct), shareOf(b.correct)]
  if (a.msPerImage > b.msPerImage || accuracyA < accuracyB) return false
  return a.msPerImage < b.msPerImage || accuracyA > accuracyB
}

/** The Pareto frontier: fastest first. All were tested on the same images. */
export function frontierOf(trials: readonly Trialled[]): Trialled[] {
  return trials
    .filter((one) => !trials.some((other) => dominates(other, one)))
    .sort((a, b) => a.msPerImage - b.msPerImage)
}

/** How much `b` is better than `a`, over the same test images. */
export const gainOf = (a: Trialled, b: Trialled): BootstrapInterval => pairedBootstrap(a.correct, b.correct)

/**
 * The frontier first, then those that a faster one beats, but not beyond chance; among these the most accurate first. The rest is
 * slower and less accurate, whatever the other pictures say.
 */
export function contenders(trials: readonly Trialled[]): Trialled[] {
  const frontier = frontierOf(trials)
  const unsure = trials.filter(
    (one) => !frontier.includes(one) && !trials.some((other) => dominates(other, one) && gainOf(other, one).high < 0)
  )
  return [...frontier, ...unsure.sort((a, b) => shareOf(b.correct) - shareOf(a.correct))]
}
