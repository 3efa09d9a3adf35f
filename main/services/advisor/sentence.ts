/** What the points say, in a few sentences. Pure. */
import type { Advice, AdvicePoint } from '@shared/domain/advice'
import { formatCount, formatNumber, formatPercent } from '@shared/text/format'

/** More comparisons than this nobody reads. */
const MOST = 3

type Placed = AdvicePoint & { accuracy: NonNullable<AdvicePoint['accuracy']>; msPerImage: number }

export function sentenceOf({
  points,
  screenImages,
  images
}: Pick<Advice, 'points' | 'screenImages' | 'images'>): string {
  const frontier = points.filter((point): point is Placed => point.frontier && point.accuracy !== null)
  const best = frontier.at(-1)
  if (!best) return 'Not enough has been measured yet to say anything.'
  const tried = points.filter(({ accuracy }) => accuracy !== null)
  const sentences = tried.length === 1 ? [alone(best)] : [...compared(frontier, best), ...beaten(tried)]
  if (best.stage !== 'confirmed' && screenImages !== null) {
    sentences.push(`All of it on ${formatCount(screenImages)} of ${formatCount(images)} pictures so far.`)
  }
  return sentences.join(' ')
}

const ms = (value: number): string => `${formatNumber(Number(value.toPrecision(2)))}\u00a0ms`

function alone({ name, accuracy, msPerImage }: Placed): string {
  const { value, low, high } = accuracy
  const interval = `95\u00a0% ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`
  return `${name} is right on ${formatPercent(value)} (${interval}) at ${ms(msPerImage)} a picture; there is no other to hold it against.`
}

function compared(frontier: readonly Placed[], best: Placed): string[] {
  const others = frontier.filter((point) => point !== best && point.loss)
  const { name, accuracy, msPerImage } = best
  if (others.length === 0) {
    return [
      `${name} is the most accurate (${formatPercent(accuracy.value)}) and the fastest (${ms(msPerImage)} a picture) at once.`
    ]
  }
  const head = `${name} is the most accurate: ${formatPercent(accuracy.value)} at ${ms(msPerImage)} a picture.`
  return [head, ...others.slice(-MOST).reverse().map(lossSentence)]
}

/** 'Lite0 loses 0.4 points (95 % −1.2 to +2.0, which may be chance) and is 3.1 × faster.' */
function lossSentence({ name, loss }: Placed): string {
  const { value, low, high, speedup } = loss!
  const chance = low <= 0 ? ', which may be chance' : ''
  const interval = `95\u00a0% ${signed(low)} to ${signed(high)}${chance}`
  const faster = `${speedup.toFixed(speedup < 10 ? 1 : 0)}\u00a0×`
  return `${name} loses ${(100 * value).toFixed(1)} points (${interval}) and is ${faster} as fast.`
}

const signed = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`

/** Those that a faster one is at least as accurate as, on the same pictures. */
function beaten(tried: readonly AdvicePoint[]): string[] {
  const names = tried.filter(({ frontier, loss }) => !frontier && loss).map(({ name }) => name)
  if (names.length === 0) return []
  const listed = names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return [`${listed} ${names.length === 1 ? 'is' : 'are'} no more accurate than a faster one.`]
}
