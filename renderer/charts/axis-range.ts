/** The part of the x axis that is in view: how it moves when it is zoomed and panned. */

export type Range = readonly [from: number, to: number]

/** How far one can zoom in: this share of the whole. */
const CLOSEST = 1e-5

const scaleOf = (logarithmic: boolean) =>
  logarithmic ? { to: Math.log, from: Math.exp } : { to: Number, from: Number }

/** @param factor above 1 is closer @param at what stays where it is */
export function zoomed([from, to]: Range, whole: Range, at: number, factor: number, logarithmic = false): Range | null {
  const scale = scaleOf(logarithmic)
  const [low, middle, high] = [scale.to(from), scale.to(Math.min(Math.max(at, from), to)), scale.to(to)]
  const least = (scale.to(whole[1]) - scale.to(whole[0])) * CLOSEST
  const by = Math.min(factor, (high - low) / least)
  return within([scale.from(middle - (middle - low) / by), scale.from(middle + (high - middle) / by)], whole)
}

/** @param share of what is in view, positive to the right */
export function panned([from, to]: Range, whole: Range, share: number, logarithmic = false): Range | null {
  const scale = scaleOf(logarithmic)
  const [low, high] = [scale.to(from), scale.to(to)]
  const [first, last] = [scale.to(whole[0]), scale.to(whole[1])]
  const by = Math.min(Math.max(share * (high - low), Math.min(0, first - low)), Math.max(0, last - high))
  return within([scale.from(low + by), scale.from(high + by)], whole)
}

/** A range within the whole; null when it is all of it. */
export function within([from, to]: Range, [low, high]: Range): Range | null {
  const slack = (high - low) * 1e-6
  const clamped: Range = [Math.max(from, low), Math.min(to, high)]
  if (clamped[1] <= clamped[0]) return null
  return clamped[0] <= low + slack && clamped[1] >= high - slack ? null : clamped
}
