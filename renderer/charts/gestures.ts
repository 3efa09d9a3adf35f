/**
 * Zoom and pan by pointer: drag over a part to see it alone, Shift-drag to move, Ctrl-wheel (or a pinch on a touch pad) to zoom,
 * Shift-wheel to move, double-click for all. The plain wheel scrolls the page. chart.js' own plugin paints all curves again at each
 * move of a drag, which a hundred of them are too many for.
 */
import { panned, zoomed, type Range } from './axis-range'

export interface GestureTarget {
  /** Edges of the plot in css pixels, and what it shows. */
  plot(): { left: number; right: number; whole: Range; range: Range; logarithmic: boolean } | null
  setRange(range: Range | null): void
  /** The pointer is there, in css pixels; null: it has left. */
  point(at: { x: number; y: number } | null): void
  drag(ends: readonly [number, number] | null): void
  click(): void
}

/** A drag of fewer pixels is a click. */
const THRESHOLD = 5
const WHEEL_SPEED = 0.0025

/** @returns the end of it */
export function attachGestures(element: HTMLElement, target: GestureTarget): () => void {
  let start: { x: number; pan: Range | null } | null = null
  let moved = false

  const valueAt = (pixel: number): number | null => {
    const plot = target.plot()
    if (!plot) return null
    const share = Math.min(1, Math.max(0, (pixel - plot.left) / (plot.right - plot.left)))
    const [from, to] = plot.range
    return plot.logarithmic ? from * (to / from) ** share : from + (to - from) * share
  }

  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return
    const plot = target.plot()
    if (!plot) return
    start = { x: event.offsetX, pan: event.shiftKey ? plot.range : null }
    moved = false
    element.setPointerCapture(event.pointerId)
  }
  const onMove = (event: PointerEvent): void => {
    const plot = target.plot()
    if (!plot) return
    if (!start) {
      const inside = event.offsetX >= plot.left && event.offsetX <= plot.right
      return target.point(inside ? { x: event.offsetX, y: event.offsetY } : null)
    }
    moved ||= Math.abs(event.offsetX - start.x) > THRESHOLD
    if (!moved) return
    if (start.pan) {
      const share = (start.x - event.offsetX) / (plot.right - plot.left)
      target.setRange(panned(start.pan, plot.whole, share, plot.logarithmic))
    } else {
      const clamp = (pixel: number): number => Math.min(plot.right, Math.max(plot.left, pixel))
      target.drag([clamp(start.x), clamp(event.offsetX)])
    }
  }
  const onUp = (event: PointerEvent): void => {
    if (!start) return
    const begun = start
    start = null
    target.drag(null)
    if (!moved) return target.click()
    if (begun.pan) return
    const ends = [valueAt(begun.x), valueAt(event.offsetX)].filter((end) => end !== null).sort((a, b) => a - b)
    if (ends.length === 2 && ends[0]! < ends[1]!) target.setRange([ends[0]!, ends[1]!])
  }
  const onCancel = (): void => {
    start = null
    target.drag(null)
  }
  const onLeave = (): void => target.point(null)
  const onWheel = (event: WheelEvent): void => {
    const plot = target.plot()
    if (!plot || !(event.ctrlKey || event.metaKey || event.shiftKey)) return
    event.preventDefault()
    if (event.shiftKey && !event.ctrlKey) {
      const share = (event.deltaX || event.deltaY) / (plot.right - plot.left)
      return target.setRange(panned(plot.range, plot.whole, share, plot.logarithmic))
    }
    const at = valueAt(event.offsetX)!
    const factor = Math.exp(-event.deltaY * WHEEL_SPEED)
    target.setRange(zoomed(plot.range, plot.whole, at, factor, plot.logarithmic))
  }
  const onDouble = (): void => target.setRange(null)

  const leave = new AbortController()
  const on = <K extends keyof HTMLElementEventMap>(name: K, listener: (event: HTMLElementEventMap[K]) => void): void =>
    element.addEventListener(name, listener, { signal: leave.signal, passive: false })
  on('pointerdown', onDown)
  on('pointermove', onMove)
  on('pointerup', onUp)
  on('pointercancel', onCancel)
  on('pointerleave', onLeave)
  on('wheel', onWheel)
  on('dblclick', onDouble)
  return () => leave.abort()
}
