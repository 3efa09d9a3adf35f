/** A few pictures of a dataset, one a class, so that one knows it at a glance. */
import { shallowRef, watch, type Ref } from 'vue'
import type { Dataset } from '@shared/domain/dataset'
import { api } from '../../api/client'

export interface StripPicture {
  id: number
  label: string
}

export function usePictureStrip(dataset: Ref<Dataset>, count: number): Ref<StripPicture[]> {
  const pictures = shallowRef<StripPicture[]>([])
  watch(
    // One text: a new array each time would be a change each time.
    () => `${dataset.value.id} ${dataset.value.contentHash}`,
    async () => {
      const datasetId = dataset.value.id
      if (dataset.value.imageCount === 0) return
      try {
        const classes = await api.datasets.classes({ datasetId })
        const chosen = evenly(classes, count)
        const firsts = await Promise.all(
          chosen.map(({ name }) => api.datasets.images({ datasetId, filter: { label: name }, offset: 0, limit: 1 }))
        )
        if (datasetId !== dataset.value.id) return
        pictures.value = firsts.flatMap(({ images }) => images.map(({ id, label }) => ({ id, label })))
      } catch {
        // A strip is an ornament: without it the row still says everything.
        pictures.value = []
      }
    },
    { immediate: true }
  )
  return pictures
}

/** At most `count` of the items, spread over the whole list. */
function evenly<T>(items: T[], count: number): T[] {
  if (items.length <= count) return items
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!)
}
