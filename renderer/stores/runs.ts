/** All runs, and what can be done with one. Asked again whenever the core says that they changed, and at most twice a second. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { Run } from '@shared/domain/run'
import { api } from '../api/client'
import { useNoticesStore } from './notices'
import { useSystemStore } from './system'

const SHORTEST_WAIT_MS = 500

export const useRunsStore = defineStore('runs', () => {
  const system = useSystemStore()
  const notices = useNoticesStore()
  const list = shallowRef<Run[]>([])
  const loaded = ref(false)
  let refreshing: Promise<void> | null = null
  let again = false

  function refresh(): Promise<void> {
    if (refreshing) {
      again = true
      return refreshing
    }
    refreshing = read().finally(() => {
      refreshing = null
      if (again) void refresh()
    })
    return refreshing
  }

  async function read(): Promise<void> {
    again = false
    try {
      list.value = await api.runs.list()
      loaded.value = true
    } catch (error) {
      // A lost connection is on the status bar already, and the stream's return asks again.
      if (system.connection !== 'lost') notices.fail(error, 'Reading the runs')
    }
    if (again) await new Promise((resolve) => setTimeout(resolve, SHORTEST_WAIT_MS))
  }

  /** The list is large where there are many runs, and most screens do not need it. */
  let begun = false
  function begin(): void {
    if (begun) return
    begun = true
    queueMicrotask(() => system.connection === 'live' && void refresh())
  }
  watch(
    () => [system.connection === 'live', system.revision.runs],
    ([live]) => begun && live && void refresh()
  )

  function byId(id: string): Run | null {
    begin()
    return list.value.find((run) => run.id === id) ?? null
  }

  const put = (run: Run): void => {
    const known = list.value.some(({ id }) => id === run.id)
    list.value = known ? list.value.map((old) => (old.id === run.id ? run : old)) : [run, ...list.value]
  }

  async function attempt<T>(doing: string, call: () => Promise<T>): Promise<T | null> {
    try {
      return await call()
    } catch (error) {
      notices.fail(error, doing)
      return null
    }
  }

  async function rename(runId: string, name: string): Promise<void> {
    const renamed = await attempt('Renaming the run', () => api.runs.rename({ runId, name }))
    if (renamed) put(renamed)
  }

  const stop = (runId: string): Promise<unknown> => attempt('Stopping the run', () => api.runs.stop({ runId }))

  /** @returns whether it was asked to */
  const pause = (runId: string): Promise<boolean> =>
    attempt('Pausing the run', () => api.runs.pause({ runId }).then(() => true)).then((asked) => asked ?? false)

  async function resume(runId: string): Promise<void> {
    const resumed = await attempt('Resuming the run', () => api.runs.resume({ runId }))
    if (resumed) put(resumed)
  }

  /** @returns whether it is back */
  const restore = (runId: string): Promise<boolean> =>
    attempt('Restoring the run', () => api.runs.restore({ runId }).then(() => true)).then((back) => back ?? false)

  /** Takes it out of the lists, from where it can be restored. @returns whether it is gone */
  async function remove(runId: string): Promise<boolean> {
    const gone = await attempt('Removing the run', () => api.runs.remove({ runId }).then(() => true))
    if (gone) list.value = list.value.filter((run) => run.id !== runId)
    return gone ?? false
  }

  return {
    /** Every run that is neither archived nor removed, newest first. Read from when it is first asked for. */
    list: computed(() => {
      begin()
      return list.value
    }),
    loaded: computed(() => {
      begin()
      return loaded.value
    }),
    byId,
    put,
    refresh,
    rename,
    stop,
    pause,
    resume,
    remove,
    restore
  }
})
