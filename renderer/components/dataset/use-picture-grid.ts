/** Measures the element that scrolls and says which rows to draw: fifty thousand pictures cost as much as fifty. */
import { computed, nextTick, onBeforeUnmount, onMounted, ref, watch, type ComputedRef, type Ref } from 'vue'
import { isBlur, keepPlace, rowsInView, scrollToShow, shapeOf, type GridShape, type RowRange } from './grid-window'

/** After a fling the pictures come when it has been still for so long, ms. */
const STILL_MS = 100

export interface PictureGrid {
  shape: ComputedRef<GridShape>
  rows: ComputedRef<RowRange>
  /** The first row that is whole in the view. */
  firstRow: ComputedRef<number>
  viewHeight: Readonly<Ref<number>>
  /** It scrolls too fast to see: pictures asked for now would only make those wait that it ends at. */
  flinging: Readonly<Ref<boolean>>
  /** Scrolls as little as it takes to have the picture whole in the view. */
  show: (index: number) => void
  toTop: () => void
}

/** @param host the element that scrolls */
export function usePictureGrid(host: Readonly<Ref<HTMLElement | null>>, count: () => number): PictureGrid {
  const scrollTop = ref(0)
  const width = ref(0)
  const viewHeight = ref(0)
  const shape = computed(() => shapeOf(width.value > 0 ? count() : 0, Math.max(1, width.value)))
  const rows = computed(() => rowsInView(shape.value, scrollTop.value, viewHeight.value))
  let observer: ResizeObserver | null = null

  const flinging = ref(false)
  let scrolledAt = 0
  let still: ReturnType<typeof setTimeout> | undefined

  function onScroll({ timeStamp }: Event): void {
    const top = host.value?.scrollTop ?? 0
    if (isBlur(top - scrollTop.value, timeStamp - scrolledAt)) flinging.value = true
    scrollTop.value = top
    scrolledAt = timeStamp
    clearTimeout(still)
    still = setTimeout(() => (flinging.value = false), STILL_MS)
  }

  function scrollTo(top: number): void {
    if (!host.value) return
    host.value.scrollTop = top
    // What the browser made of it: it knows the end.
    scrollTop.value = host.value.scrollTop
  }

  watch(shape, async (after, before) => {
    if (before.count === 0 || after.columns === before.columns) return
    const top = keepPlace(before, after, scrollTop.value)
    await nextTick()
    scrollTo(top)
  })

  onMounted(() => {
    host.value!.addEventListener('scroll', onScroll, { passive: true })
    observer = new ResizeObserver(([entry]) => {
      width.value = entry!.contentRect.width
      viewHeight.value = entry!.contentRect.height
    })
    observer.observe(host.value!)
  })
  onBeforeUnmount(() => {
    observer?.disconnect()
    clearTimeout(still)
    host.value?.removeEventListener('scroll', onScroll)
  })

  return {
    shape,
    rows,
    firstRow: computed(() => Math.ceil(scrollTop.value / shape.value.pitch)),
    viewHeight,
    flinging,
    show: (index) => scrollTo(scrollToShow(shape.value, index, scrollTop.value, viewHeight.value)),
    toTop: () => scrollTo(0)
  }
}
