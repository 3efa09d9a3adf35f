/** Brushes: a stretch of one or several axes. A run passes when it lies in all of them. */
import type { Axis } from './axes'

/** From the lower to the higher place; below 0 takes in the runs without a value. */
export interface Brush {
  low: number
  high: number
}
export type Brushes = Readonly<Record<string, Brush>>

/** Shorter is a click, which takes the brush away. */
const SHORTEST = 0.01
/** A value at the very edge counts. */
const EDGE = 1e-6

export function setBrush(brushes: Brushes, key: string, from: number, to: number): Brushes {
  const rest = Object.fromEntries(Object.entries(brushes).filter(([other]) => other !== key))
  const [low, high] = [Math.max(-0.15, Math.min(from, to)), Math.min(1, Math.max(from, to))]
  return high - low < SHORTEST ? rest : { ...rest, [key]: { low, high } }
}

/** @param places of a run, by axis */
export const passes = (brushes: Brushes, places: Readonly<Record<string, number>>): boolean =>
  Object.entries(brushes).every(([key, { low, high }]) => {
    const place = places[key]
    return place !== undefined && place >= low - EDGE && place <= high + EDGE
  })

/** One end of a brush, moved by a key: to the next category, or by a fiftieth of the axis. Without a brush the ends are the axis' own. */
export function nudge(axis: Axis, brush: Brush | undefined, end: 'low' | 'high', by: 1 | -1): Brush {
  const { low, high } = brush ?? { low: 0, high: 1 }
  const from = end === 'low' ? low : high
  const stops = axis.stops
  const next =
    stops.length > 0
      ? by > 0
        ? (stops.find((stop) => stop > from + EDGE) ?? from)
        : (stops.findLast((stop) => stop < from - EDGE) ?? from)
      : Math.max(0, Math.min(1, from + by * 0.02))
  // A single category still is a stretch: half a step to either side.
  const room = stops.length > 1 ? 0.25 / (stops.length - 1) : SHORTEST
  return end === 'low' ? { low: Math.min(next, high - room), high } : { low, high: Math.max(next, low + room) }
}
