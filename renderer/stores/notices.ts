/** What went wrong or well: shown as a toast once, and failures kept in a list until they are dismissed. */
import { useToast } from '@nuxt/ui/composables'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { errorDataSchema, toErrorData, type ErrorData } from '@shared/errors'
import { isAbort } from '../api/errors'

export interface Notice {
  id: number
  at: number
  /** What was being done, for example 'Import of flowers'. */
  doing: string | null
  error: ErrorData
}

/** How many failures the list keeps. */
const KEPT = 50

export const useNoticesStore = defineStore('notices', () => {
  const errors = ref<Notice[]>([])
  const unread = ref(0)
  const toast = useToast()
  let nextId = 1

  /** Reports a failure, unless it is an abort that someone asked for. The same failure twice within a second is one. */
  function fail(error: unknown, doing: string | null = null): void {
    if (isAbort(error)) return
    const plain = errorDataSchema.safeParse(error)
    const data = plain.success ? plain.data : toErrorData(error)
    const latest = errors.value[0]
    const now = Date.now()
    if (latest && latest.error.message === data.message && now - latest.at < 1000) return
    errors.value = [{ id: nextId++, at: now, doing, error: data }, ...errors.value].slice(0, KEPT)
    unread.value++
    toast.add({
      title: data.message,
      description: data.hint,
      color: 'error',
      icon: 'i-lucide-circle-alert',
      duration: 8000
    })
  }

  function tell(title: string, description?: string): void {
    toast.add({ title, description, color: 'neutral', icon: 'i-lucide-info', duration: 4000 })
  }

  /** Tells what was done, with a way to undo it for as long as it takes to notice a slip. */
  function offer(title: string, label: string, onClick: () => void): void {
    toast.add({
      title,
      color: 'neutral',
      icon: 'i-lucide-info',
      duration: 10_000,
      actions: [{ label, color: 'primary', variant: 'soft', onClick }]
    })
  }

  /** The list was opened: its toasts would only cover it. */
  function read(): void {
    unread.value = 0
    toast.clear()
  }

  function dismiss(id: number): void {
    errors.value = errors.value.filter((notice) => notice.id !== id)
  }

  return {
    errors: computed(() => errors.value),
    unread: computed(() => unread.value),
    fail,
    tell,
    offer,
    dismiss,
    clear: () => (errors.value = []),
    read
  }
})
