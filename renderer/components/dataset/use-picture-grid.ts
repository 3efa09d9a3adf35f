/** Measures the element that scrolls and says which rows to draw: fifty thousand pictures cost as much as fifty. */
import { computed, nextTick, onBeforeUnmount, onMounted, ref, watch, type ComputedRef, type Ref } from 'vue'
import { keepPlace, rowsInView, scrollToShow, shapeOf, type GridShape, type RowRange } from './grid-window'

export interface PictureGrid {
  shape: ComputedRef<GridShape>
  rows: ComputedRef<RowRange>
  /** The first row that is whole in the view. */
  firstRow: ComputedRef<number>
  viewHeight: Readonly<Ref<number>>
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

  const onScroll = (): void => void (scrollTop.value = host.value?.scrollTop ?? 0)

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
    host.value?.removeEventListener('scroll', onScroll)
  })

  return {
    shape,
    rows,
    firstRow: computed(() => Math.ceil(scrollTop.value / shape.value.pitch)),
    viewHeight,
    show: (index) => scrollTo(scrollToShow(shape.value, index, scrollTop.value, viewHeight.value)),
    toTop: () => scrollTo(0)
  }
}
