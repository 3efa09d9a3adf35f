/** What the playground shows: one picture and its guesses, or a folder and its table. */
import { onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import type { ImagePrediction } from '@shared/domain/prediction'
import { StudioError } from '@shared/errors'
import { api } from '../../api/client'
import { isAbort } from '../../api/errors'
import { upload } from '../../api/media'
import { useNoticesStore } from '../../stores/notices'

export function usePlayground(runId: Ref<string | null>) {
  const notices = useNoticesStore()
  const picture = ref<string | null>(null)
  const pictureName = ref<string | null>(null)
  const prediction = shallowRef<ImagePrediction | null>(null)
  const predicting = ref(false)
  const folder = ref<string | null>(null)
  const rows = shallowRef<ImagePrediction[]>([])
  const done = ref(0)
  const total = ref(0)
  const running = ref(false)
  const uploadId = ref<string | null>(null)
  let stopping: AbortController | null = null

  async function predict(): Promise<void> {
    const run = runId.value
    const source = uploadId.value
    if (!run || !source) return
    predicting.value = true
    try {
      const answer = await api.predictions.image({ runId: run, source: { uploadId: source } })
      // A picture or a run chosen meanwhile has its own answer on the way.
      if (run !== runId.value || source !== uploadId.value) return
      if (answer.error) throw StudioError.fromData(answer.error)
      prediction.value = answer
    } catch (error) {
      if (run !== runId.value || source !== uploadId.value) return
      // What is no picture leaves the place free for one; with any other failure it stays to be tried again.
      if (error instanceof StudioError && error.code.startsWith('image/')) forgetPicture()
      prediction.value = null
      notices.fail(error, 'Predicting')
    } finally {
      predicting.value = false
    }
  }

  async function showFile(file: File): Promise<void> {
    closeFolder()
    forgetPicture()
    const shown = URL.createObjectURL(file)
    picture.value = shown
    pictureName.value = file.name
    try {
      const id = await upload(file)
      // Another picture took its place while this one was on its way.
      if (picture.value !== shown) return
      uploadId.value = id
      await predict()
    } catch (error) {
      if (picture.value === shown) forgetPicture()
      notices.fail(error, 'Reading the picture')
    }
  }

  async function showFolder(path: string): Promise<void> {
    const run = runId.value
    if (!run) return
    closeFolder()
    folder.value = path
    running.value = true
    const controller = new AbortController()
    stopping = controller
    const { signal } = controller
    try {
      for await (const part of await api.predictions.folder({ runId: run, path }, { signal })) {
        rows.value = [...rows.value, ...part.predictions]
        done.value = part.done
        total.value = part.total
      }
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) notices.fail(error, 'Predicting a folder')
    } finally {
      if (stopping === controller) running.value = false
    }
  }

  function stop(): void {
    stopping?.abort()
    running.value = false
  }

  function closeFolder(): void {
    stop()
    folder.value = null
    rows.value = []
    done.value = 0
    total.value = 0
  }

  function forgetPicture(): void {
    if (picture.value) URL.revokeObjectURL(picture.value)
    picture.value = null
    prediction.value = null
    uploadId.value = null
  }

  watch(runId, () => {
    if (folder.value) void showFolder(folder.value)
    else void predict()
  })
  onBeforeUnmount(() => {
    stop()
    forgetPicture()
  })

  return {
    picture,
    pictureName,
    uploadId,
    prediction,
    predicting,
    folder,
    rows,
    done,
    total,
    running,
    showFile,
    showFolder,
    stop,
    closeFolder
  }
}
