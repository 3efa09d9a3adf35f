/** A canvas that fills its place: sharp on any screen, and drawn once a frame when what it shows has changed. */
import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'

export interface PlotSize {
  /** CSS pixels. */
  width: number
  height: number
}

/**
 * @param draw in CSS pixels, on an empty canvas
 * @param shown what the picture follows, besides its size
 * @param initial until it is mounted
 * @returns the size of `host`
 */
export function usePlotCanvas(
  host: Readonly<Ref<HTMLElement | null>>,
  canvas: Readonly<Ref<HTMLCanvasElement | null>>,
  draw: (context: CanvasRenderingContext2D) => void,
  shown: () => unknown[],
  initial: PlotSize
): Ref<PlotSize> {
  const size = ref(initial)
  let frame = 0
  let observer: ResizeObserver | null = null

  function paint(): void {
    frame = 0
    const element = canvas.value
    const context = element?.getContext('2d')
    if (!element || !context) return
    const scale = window.devicePixelRatio
    element.width = size.value.width * scale
    element.height = size.value.height * scale
    context.setTransform(scale, 0, 0, scale, 0, 0)
    draw(context)
  }
  const schedule = (): void => void (frame ||= requestAnimationFrame(paint))

  onMounted(() => {
    // Not before: what is shown may itself follow from the size.
    watch(() => [size.value, ...shown()], schedule, { flush: 'post' })
    observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect
      size.value = { width, height }
    })
    observer.observe(host.value!)
    schedule()
  })
  onBeforeUnmount(() => {
    observer?.disconnect()
    cancelAnimationFrame(frame)
  })
  return size
}
