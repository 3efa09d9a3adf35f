/** A gallery's predictions, page by page, for a filter that may change at any moment. */
import { onBeforeUnmount, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { Prediction, PredictionFilter } from '@shared/domain/evaluation'
import { api } from '../../api/client'
import { useNoticesStore } from '../../stores/notices'

export const PAGE = 60

export interface PredictionPages {
  items: ShallowRef<Prediction[]>
  total: Ref<number>
  loading: Ref<boolean>
  /** The next page, if there is one. */
  more(): Promise<void>
}

export function usePredictionPages(runId: () => string, filter: () => PredictionFilter): PredictionPages {
  const notices = useNoticesStore()
  const items = shallowRef<Prediction[]>([])
  const total = ref(0)
  const loading = ref(true)
  let current = 0

  async function load(offset: number): Promise<void> {
    const request = ++current
    loading.value = true
    try {
      const page = await api.runs.predictions({ runId: runId(), filter: filter(), offset, limit: PAGE })
      if (request !== current) return
      total.value = page.total
      items.value = offset === 0 ? page.predictions : [...items.value, ...page.predictions]
    } catch (error) {
      if (request === current) notices.fail(error, 'Reading the predictions')
    } finally {
      if (request === current) loading.value = false
    }
  }

  watch([() => JSON.stringify(filter()), runId], () => void load(0), { immediate: true })
  onBeforeUnmount(() => current++)
  const more = async (): Promise<void> => {
    if (!loading.value && items.value.length < total.value) await load(items.value.length)
  }
  return { items, total, loading, more }
}
