/** Curves with a point for every image, cut down to what a screen can show. */

export type CurvePoint = [x: number, y: number]

/** A thousandth of the plot is under a pixel on any screen. */
const INVISIBLE = 5e-4

/** Distance of a point from a segment, both axes alike. */
function deviation([x, y]: CurvePoint, [x0, y0]: CurvePoint, [x1, y1]: CurvePoint): number {
  const [dx, dy] = [x1 - x0, y1 - y0]
  const square = dx * dx + dy * dy
  const along = square === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / square))
  return Math.hypot(x - x0 - along * dx, y - y0 - along * dy)
}

interface Segment {
  from: number
  to: number
  /** The point between the two that lies farthest off, and how far. */
  worst: number
  distance: number
}

function segment(points: readonly CurvePoint[], from: number, to: number): Segment {
  let worst = from
  let distance = 0
  for (let index = from + 1; index < to; index++) {
    const off = deviation(points[index]!, points[from]!, points[to]!)
    if (off > distance) {
      worst = index
      distance = off
    }
  }
  return { from, to, worst, distance }
}

/**
 * Ramer–Douglas–Peucker (Douglas & Peucker 1973), largest deviation first, until nothing that could be seen is left out or
 * `most` points are kept. The ends stay, and every point that is left is one of those given.
 *
 * @param points in the order in which they are joined, both axes 0–1
 */
export function reduceCurve(points: readonly CurvePoint[], most: number): CurvePoint[] {
  if (points.length <= 2) return [...points]
  const kept = new Set([0, points.length - 1])
  const segments = [segment(points, 0, points.length - 1)]
  while (kept.size < most) {
    let place = 0
    for (let index = 1; index < segments.length; index++) {
      if (segments[index]!.distance > segments[place]!.distance) place = index
    }
    const { from, to, worst, distance } = segments[place]!
    if (distance < INVISIBLE) break
    kept.add(worst)
    segments.splice(place, 1, segment(points, from, worst), segment(points, worst, to))
  }
  return [...kept].sort((a, b) => a - b).map((index) => points[index]!)
}
