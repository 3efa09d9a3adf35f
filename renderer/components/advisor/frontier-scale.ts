/** Axes of accuracy against milliseconds: the first logarithmic, since twice as slow is as much everywhere. Pure. */
import type { AdvicePoint } from '@shared/domain/advice'

export interface Placed extends AdvicePoint {
  accuracy: NonNullable<AdvicePoint['accuracy']>
  msPerImage: number
}

export interface FrontierScale {
  x(ms: number): number
  y(share: number): number
  xTicks: number[]
  yTicks: number[]
}

export interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

export const isPlaced = (point: AdvicePoint): point is Placed => point.accuracy !== null && point.msPerImage !== null

/** Least span of the time axis: one backbone alone is a point, not an axis. */
const LEAST_RATIO = 3
const MARGIN = 1.25

export function frontierScale(points: readonly Placed[], box: Box): FrontierScale {
  const times = points.map(({ msPerImage }) => msPerImage)
  let [from, to] = [Math.min(...times) / MARGIN, Math.max(...times) * MARGIN]
  const widen = Math.sqrt(Math.max(1, LEAST_RATIO / (to / from)))
  from /= widen
  to *= widen
  const lowest = Math.min(...points.map(({ accuracy }) => accuracy.low))
  const highest = Math.max(...points.map(({ accuracy }) => accuracy.high))
  const step = highest - lowest > 0.4 ? 0.1 : highest - lowest > 0.15 ? 0.05 : 0.02
  const floor = Math.max(0, Math.floor(lowest / step) * step)
  const ceiling = Math.min(1, Math.ceil(highest / step) * step)
  const count = Math.round((ceiling - floor) / step)
  return {
    x: (ms) => box.left + (Math.log(ms / from) / Math.log(to / from)) * (box.right - box.left),
    y: (share) => box.bottom - ((share - floor) / (ceiling - floor)) * (box.bottom - box.top),
    xTicks: logTicks(from, to),
    yTicks: Array.from({ length: count + 1 }, (_, index) => floor + index * step)
  }
}

const COARSE = [1, 2, 5]
const FINE = [1, 1.5, 2, 3, 4, 5, 6, 8]

/** 1, 2, 5, 10 … between the two; finer where that would be few. */
function logTicks(from: number, to: number): number[] {
  const between = (digits: readonly number[]): number[] => {
    const powers = Array.from({ length: 12 }, (_, index) => Math.floor(Math.log10(from)) + index)
    const all = powers.flatMap((power) => digits.map((digit) => Number((digit * 10 ** power).toPrecision(3))))
    return all.filter((tick) => tick >= from && tick <= to)
  }
  const coarse = between(COARSE)
  return coarse.length >= 4 ? coarse : between(FINE)
}

/** Stairs through the frontier: up to the next one's time nothing is better than the one before. @returns an SVG path */
export function frontierPath(points: readonly Placed[], { x, y }: FrontierScale, right: number): string {
  const stairs = points.filter(({ frontier }) => frontier).sort((a, b) => a.msPerImage - b.msPerImage)
  return stairs
    .map(({ msPerImage, accuracy }, index) => {
      const [px, py] = [x(msPerImage).toFixed(1), y(accuracy.value).toFixed(1)]
      return index === 0 ? `M${px} ${py}` : `H${px}V${py}`
    })
    .concat(stairs.length > 0 ? `H${right}` : [])
    .join('')
}

const LINE = 15
/** A name of usual length. */
const NAME = 130

export interface Label {
  point: Placed
  x: number
  y: number
  anchor: 'start' | 'end'
}

/** Names beside their points, pushed apart where two would lie on each other. */
export function labelsOf(points: readonly Placed[], { x, y }: FrontierScale, { right, top }: Box): Label[] {
  const set: Label[] = []
  for (const point of [...points].sort((a, b) => b.accuracy.value - a.accuracy.value)) {
    const px = x(point.msPerImage)
    const anchor = px + NAME > right ? 'end' : 'start'
    const at = px + (anchor === 'start' ? 9 : -9)
    let py = Math.max(top + 6, y(point.accuracy.value) - 9)
    for (const other of set) {
      const near = Math.abs(middle(other) - middle({ x: at, anchor })) < NAME
      if (near && Math.abs(other.y - py) < LINE) py = other.y + LINE
    }
    set.push({ point, x: at, y: py, anchor })
  }
  return set
}

const middle = ({ x, anchor }: Pick<Label, 'x' | 'anchor'>): number => x + (anchor === 'start' ? NAME / 2 : -NAME / 2)
