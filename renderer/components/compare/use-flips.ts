/** The pictures on which two runs disagree, page by page, and the one that is looked at. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { FlipKind, Flips } from '@shared/domain/flips'
import type { Run } from '@shared/domain/run'
import { api } from '../../api/client'
import { useNoticesStore } from '../../stores/notices'

export type Flip = Flips['flips'][number]

const PAGE = 60

export interface FlipPages {
  kind: Ref<FlipKind>
  /** Only pictures of this class, or null. */
  label: Ref<string | null>
  /** The counts; null until they are there. */
  summary: ShallowRef<Flips | null>
  items: ShallowRef<Flip[]>
  loading: Ref<boolean>
  /** Place of the one that is looked at. */
  at: Ref<number>
  current: ComputedRef<Flip | null>
  /** Goes on by some, and reads on near the end. */
  go(to: number): void
  more(): Promise<void>
}

export function useFlips(a: () => Run, b: () => Run): FlipPages {
  const notices = useNoticesStore()
  const kind = ref<FlipKind>('only-b')
  const label = ref<string | null>(null)
  const summary = shallowRef<Flips | null>(null)
  const items = shallowRef<Flip[]>([])
  const loading = ref(true)
  const at = ref(0)
  let request = 0

  async function load(offset: number): Promise<void> {
    const mine = ++request
    loading.value = true
    try {
      const answer = await api.compare.flips({
        a: a().id,
        b: b().id,
        kind: kind.value,
        ...(label.value !== null && { label: label.value }),
        offset,
        limit: PAGE
      })
      if (mine !== request) return
      summary.value = answer
      items.value = offset === 0 ? answer.flips : [...items.value, ...answer.flips]
    } catch (error) {
      if (mine === request) notices.fail(error, 'Reading the pictures on which they disagree')
    } finally {
      if (mine === request) loading.value = false
    }
  }

  watch([() => a().id, () => b().id], () => {
    summary.value = null
    items.value = []
    label.value = null
  })
  watch(
    [() => `${a().id} ${a().endedAt}`, () => `${b().id} ${b().endedAt}`, kind, label],
    () => {
      at.value = 0
      void load(0)
    },
    { immediate: true }
  )
  onBeforeUnmount(() => request++)

  async function more(): Promise<void> {
    if (!loading.value && items.value.length < (summary.value?.total ?? 0)) await load(items.value.length)
  }
  function go(to: number): void {
    at.value = Math.max(0, Math.min(items.value.length - 1, to))
    if (at.value >= items.value.length - 6) void more()
  }
  return { kind, label, summary, items, loading, at, current: computed(() => items.value[at.value] ?? null), go, more }
}
