/** The images of a dataset that a filter lets through, as a long list that loads where it is looked at. */
import { computed, shallowRef, triggerRef, watch, type ComputedRef, type Ref } from 'vue'
import type { ImageFilter, ImageRecord } from '@shared/domain/dataset'
import { api } from '../../api/client'
import { useSystemStore } from '../../stores/system'
import { PagedList } from './image-pages'
import { useReadingFailure } from './reading'

export interface DatasetImages {
  /** Of the filter; null before the first answer. */
  total: ComputedRef<number | null>
  /** Undefined where it has not arrived yet. */
  at: (index: number) => ImageRecord | undefined
  want: (from: number, to: number) => void
  /** Counts the filters whose images have arrived, so that the grid knows when it shows others. */
  shown: Readonly<Ref<number>>
}

export function useDatasetImages(datasetId: string, filter: () => ImageFilter): DatasetImages {
  const system = useSystemStore()
  const failed = useReadingFailure()
  const shown = shallowRef(0)
  const list = shallowRef(
    new PagedList<ImageRecord>({
      fetchPage: async (offset, limit) => {
        const answer = await api.datasets.images({ datasetId, filter: filter(), offset, limit })
        return { total: answer.total, items: answer.images }
      },
      onChange: () => triggerRef(list),
      onError: (error) => failed(error, 'Reading the images')
    })
  )

  /** Whether the filter has changed since images arrived. */
  let fresh = true
  async function refresh(): Promise<void> {
    const arrived = fresh ? await list.value.reload(0, 1) : await list.value.reload()
    if (!arrived || !fresh) return
    fresh = false
    shown.value++
  }

  watch(
    () => JSON.stringify(filter()),
    () => {
      fresh = true
      void refresh()
    },
    { immediate: true }
  )
  // The folder was looked at again, or the connection is back: the same place, anew.
  watch(
    () => [system.connection === 'live', system.revision.datasets],
    ([live]) => live && void refresh()
  )

  return {
    total: computed(() => list.value.total),
    at: (index) => list.value.at(index),
    want: (from, to) => list.value.want(from, to),
    shown
  }
}
