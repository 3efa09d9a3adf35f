/**
 * Nine epochs of one training picture, asked for again whenever a setting changes. While an answer is on its way, only the
 * newest question waits: a slider that is dragged shows what it passes, and ends on what it ends on.
 */
import { onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import type { AugmentationVariant } from '@shared/domain/augmentation'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { AugmentationConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import { api } from '../../api/client'

export const VARIANTS = 9

/** What decides about the pictures, but which picture it is. */
export interface PreviewQuestion {
  datasetId: string
  backboneId: string
  contract: PreprocessingContract | null
  augmentation: AugmentationConfig
  seed: number
}

/** After the last keystroke; shorter than what is noticed as waiting. */
const DELAY_MS = 60

/** @param question null while there is nothing to show, or what is typed is not valid: what was shown stays. */
export function useAugmentationPreview(question: () => PreviewQuestion | null) {
  const imageId = ref<number | null>(null)
  const path = ref('')
  const variants = shallowRef<AugmentationVariant[]>([])
  const failure = ref<string | null>(null)
  let total = 0
  let asking = false
  let waiting = false
  let gone = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let pickedFrom: string | null = null

  const tell = (error: unknown): void => {
    failure.value = error instanceof StudioError ? error.message : String(error)
  }

  async function pick(datasetId: string, offset: number): Promise<void> {
    const page = await api.datasets.images({ datasetId, filter: { split: 'train' }, offset, limit: 1 })
    total = page.total
    imageId.value = page.images[0]?.id ?? null
    path.value = page.images[0]?.path ?? ''
  }

  async function another(): Promise<void> {
    const asked = question()
    if (!asked || total < 2) return
    const before = imageId.value
    try {
      for (let attempt = 0; attempt < 3 && imageId.value === before; attempt++) {
        await pick(asked.datasetId, Math.floor(Math.random() * total))
      }
      await ask()
    } catch (error) {
      tell(error)
    }
  }

  async function ask(): Promise<void> {
    if (asking) return void (waiting = true)
    const asked = question()
    if (!asked || gone) return
    asking = true
    try {
      const { datasetId, ...rest } = asked
      if (pickedFrom !== datasetId) {
        await pick(datasetId, 0)
        pickedFrom = datasetId
      }
      if (imageId.value === null) variants.value = []
      else variants.value = await api.augmentation.preview({ ...rest, imageIds: [imageId.value], count: VARIANTS })
      failure.value = null
    } catch (error) {
      tell(error)
    } finally {
      asking = false
    }
    if (!waiting) return
    waiting = false
    await ask()
  }

  watch(
    () => JSON.stringify(question()),
    () => {
      clearTimeout(timer)
      timer = setTimeout(() => void ask(), DELAY_MS)
    },
    { immediate: true }
  )
  onBeforeUnmount(() => {
    gone = true
    clearTimeout(timer)
  })

  return { path, variants, failure, another }
}
