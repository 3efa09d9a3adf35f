/** Draws only the rows in view: a thousand cost as much as thirty. */
import { computed, onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** Rows drawn beyond the edges of the view, so that a turn of the wheel does not meet an empty one. */
const BEYOND = 6

export interface VirtualRange {
  /** First row drawn, and the one after the last. */
  from: number
  to: number
  /** Heights that stand for the rows before and after, pixels. */
  before: number
  after: number
}

export function virtualRange(count: number, rowHeight: number, scrollTop: number, viewHeight: number): VirtualRange {
  const from = Math.min(count, Math.max(0, Math.floor(scrollTop / rowHeight) - BEYOND))
  const to = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + BEYOND)
  return { from, to: Math.max(from, to), before: from * rowHeight, after: Math.max(0, count - to) * rowHeight }
}

/** @param host the element that scrolls */
export function useVirtualRows(host: Readonly<Ref<HTMLElement | null>>, count: () => number, rowHeight: number) {
  const scrollTop = ref(0)
  const viewHeight = ref(Math.max(200, window.innerHeight - 160))
  const onScroll = (): void => void (scrollTop.value = host.value?.scrollTop ?? 0)
  let observer: ResizeObserver | null = null

  onMounted(() => {
    host.value!.addEventListener('scroll', onScroll, { passive: true })
    observer = new ResizeObserver(([entry]) => (viewHeight.value = entry!.contentRect.height))
    observer.observe(host.value!)
  })
  onBeforeUnmount(() => {
    observer?.disconnect()
    host.value?.removeEventListener('scroll', onScroll)
  })
  return computed(() => virtualRange(count(), rowHeight, scrollTop.value, viewHeight.value))
}
