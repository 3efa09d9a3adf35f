/** The gap and what explains it, in a few sentences. */
import type { Estimate, Explanation, GapFactor } from '@shared/domain/explanation'
import { formatDuration } from '@shared/text/format'

type VerdictInput = Pick<
  Explanation,
  'aName' | 'bName' | 'gap' | 'factors' | 'interaction' | 'seeds' | 'testImages' | 'experiments'
>

/** Bars below this share of the gap are not worth a word. */
const WORTH_SAYING = 0.1
const NAMED = 4
/** How much a factor's effect must depend on the others before it is said: so many points, and so much of the gap. */
const DEPENDS = 0.05
const DEPENDS_SHARE = 0.5

export function verdictOf(input: VerdictInput): string {
  const { gap, interaction } = input
  if (!gap.accuracy) return 'Not enough has been measured yet to say anything.'
  const sentences = [gapSentence(input, gap.accuracy)]
  const credited = creditSentence(input, gap.accuracy)
  if (credited) sentences.push(credited)
  if (interaction.accuracy && isSure(interaction.accuracy)) {
    sentences.push(
      `${signedPoints(interaction.accuracy.value)} come about only where three or more are changed together.`
    )
  }
  const depends = dependsSentence(input.factors, gap.accuracy)
  if (depends) sentences.push(depends)
  const time = timeSentence(input)
  if (time) sentences.push(time)
  return sentences.join(' ')
}

function gapSentence({ aName, bName, testImages, experiments, factors }: VerdictInput, gap: Estimate): string {
  const switched = factors.filter(({ switchable }) => switchable).length
  const isEnd = (on: readonly string[]): boolean => on.length === 0 || on.length === switched
  const ends = experiments.filter((each) => each.state === 'done' && isEnd(each.factors)).map(({ seed }) => seed)
  const seeds = ends.length - new Set(ends).size
  const on = `${testImages} test images, ${seeds === 1 ? 'one seed' : `${seeds} seeds`}`
  const interval = gap.low === null || gap.high === null ? '' : `, 95\u00a0% interval ${range(gap.low, gap.high)}`
  if (gap.low !== null && gap.high !== null && gap.low <= 0 && gap.high >= 0) {
    return `The gap between ${aName} and ${bName}, ${signedPoints(gap.value)}, may be chance (${on}${interval}).`
  }
  const [better, worse] = gap.value >= 0 ? [bName, aName] : [aName, bName]
  return `${better} is better than ${worse} by ${points(gap.value)} (${on}${interval}).`
}

/** What is beyond chance first; then what may be. */
function creditSentence({ factors }: VerdictInput, gap: Estimate): string | null {
  const size = Math.abs(gap.value)
  const known = factors.filter((factor): factor is GapFactor & { accuracy: Estimate } => factor.accuracy !== null)
  const along = known.filter(({ accuracy }) => accuracy.value * gap.value > 0)
  along.sort((one, other) => Math.abs(other.accuracy.value) - Math.abs(one.accuracy.value))
  const named = along.filter(({ accuracy }) => Math.abs(accuracy.value) >= WORTH_SAYING * size).slice(0, NAMED)
  const part = ({ label, accuracy }: (typeof named)[number]): string =>
    `${quoted(label)} ${points(accuracy.value)} (${Math.round((100 * Math.abs(accuracy.value)) / size)}\u00a0%)`
  const sure = named.filter(({ accuracy }) => isSure(accuracy)).map(part)
  const perhaps = named.filter(({ accuracy }) => !isSure(accuracy)).map(part)
  if (sure.length === 0 && perhaps.length === 0) return null
  if (sure.length === 0) return `It may be made of ${listed(perhaps)}; none of it is beyond chance.`
  return `It is made of ${listed(sure)}${perhaps.length > 0 ? `, perhaps also of ${listed(perhaps)}` : ''}.`
}

const isSure = ({ low, high }: Estimate): boolean => low !== null && high !== null && (low > 0 || high < 0)

/** Something that matters only with the rest as in B, or only with the rest as in A: its bar is the middle of the two. */
function dependsSentence(factors: readonly GapFactor[], gap: Estimate): string | null {
  const spread = ({ alone, last }: GapFactor): number => (alone === null || last === null ? 0 : Math.abs(alone - last))
  const [most] = [...factors].sort((one, other) => spread(other) - spread(one))
  if (!most || spread(most) < Math.max(DEPENDS, DEPENDS_SHARE * Math.abs(gap.value))) return null
  return `What ${quoted(most.label)} does depends on the others: changed first ${signedPoints(most.alone!)}, changed last ${signedPoints(most.last!)}.`
}

function timeSentence({ bName, aName, gap, factors }: VerdictInput): string | null {
  const { seconds } = gap
  if (!seconds || (seconds.low !== null && seconds.high !== null && seconds.low <= 0 && seconds.high >= 0)) return null
  const timed = factors.filter(({ seconds: own }) => own && own.value * seconds.value > 0)
  timed.sort((one, other) => Math.abs(other.seconds!.value) - Math.abs(one.seconds!.value))
  const [most] = timed
  const [slow, fast] = seconds.value > 0 ? [bName, aName] : [aName, bName]
  const why =
    most && Math.abs(most.seconds!.value) > Math.abs(seconds.value) / 2 ? `, mostly by ${quoted(most.label)}` : ''
  return `${slow} trains ${formatDuration(Math.abs(seconds.value))} longer than ${fast}${why}.`
}

const quoted = (label: string): string => `'${label}'`
const points = (value: number): string => `${Math.abs(100 * value).toFixed(1)} points`
const sign = (value: number): string => (value < 0 ? '−' : '+')
const signedPoints = (value: number): string => `${sign(value)}${points(value)}`
const range = (low: number, high: number): string =>
  [low, high].map((end) => `${sign(end)}${Math.abs(100 * end).toFixed(1)}`).join(' to ')
const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
