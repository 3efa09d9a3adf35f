/** From shares to pixels and back, and the ticks between. */

export interface PlotScale {
  left: number
  right: number
  top: number
  bottom: number
  /** Pixels of a share. */
  x(share: number): number
  y(share: number): number
  /** Shares of a place in pixels; they may lie outside the plot. */
  at(px: number, py: number): { x: number; y: number }
  xTicks: number[]
  yTicks: number[]
  /** The `d` of a line through points, joined in their order. */
  path(points: readonly (readonly [x: number, y: number])[]): string
}

const LEFT = 48
const RIGHT = 8
const TOP = 8
const BOTTOM = 36

/** Four equal parts of what is shown, in whole per cents where the span allows it. */
const ticksFrom = (low: number): number[] => [0, 0.25, 0.5, 0.75, 1].map((part) => low + part * (1 - low))

/**
 * @param yMin share at the foot of the vertical axis; its head is 1
 * @param head pixels kept free above the plot
 */
export function plotScale(width: number, height: number, yMin = 0, head = 0): PlotScale {
  const [right, bottom, top] = [width - RIGHT, height - BOTTOM, TOP + head]
  const x = (share: number): number => LEFT + share * (right - LEFT)
  const y = (share: number): number => bottom - ((share - yMin) / (1 - yMin)) * (bottom - top)
  return {
    left: LEFT,
    right,
    top,
    bottom,
    x,
    y,
    at: (px, py) => ({
      x: (px - LEFT) / (right - LEFT),
      y: yMin + ((bottom - py) / (bottom - top)) * (1 - yMin)
    }),
    xTicks: ticksFrom(0),
    yTicks: ticksFrom(yMin),
    path: (points) =>
      points.map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join('')
  }
}

/**
 * Where a vertical axis may begin so that the lowest of these shares is on it: a multiple of 20 %, so that quarters of the rest
 * are whole per cents.
 */
export function axisFloor(shares: readonly number[]): number {
  const lowest = Math.min(1, ...shares)
  return Math.max(0, Math.min(0.8, Math.floor(lowest * 5) / 5))
}
