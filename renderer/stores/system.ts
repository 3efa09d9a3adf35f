/** The studio itself: devices, jobs, what changed. One stream, kept open for as long as the page lives. */
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef } from 'vue'
import type { Job } from '@shared/domain/job'
import type { SystemInfo, SystemStatus } from '@shared/domain/system'
import { StudioError } from '@shared/errors'
import { api } from '../api/client'
import { follow } from '../api/follow'
import { useNoticesStore } from './notices'

/** `refused`: the studio is there, but this page was not opened with its address (it was started anew since). */
export type Connection = 'connecting' | 'live' | 'lost' | 'refused'

export const useSystemStore = defineStore('system', () => {
  const notices = useNoticesStore()
  const status = shallowRef<SystemStatus | null>(null)
  const info = shallowRef<SystemInfo | null>(null)
  const connection = ref<Connection>('connecting')
  /** Number by number: a status comes up to ten times a second, and who watches one number asks the core again. */
  const revision = reactive<SystemStatus['revision']>({ datasets: 0, runs: 0, models: 0 })
  let stop: (() => void) | null = null
  /** Jobs whose end was told already, or had come before this page was opened. */
  let settledBefore: Set<string> | null = null

  const device = computed(() => status.value?.device ?? null)
  const jobs = computed(() => status.value?.jobs ?? [])
  const running = computed(() => jobs.value.filter((job) => job.state === 'running'))
  const liveRunCount = computed(() => running.value.filter((job) => job.kind === 'train').length)

  function onValue(next: SystemStatus): void {
    status.value = next
    Object.assign(revision, next.revision)
    announceFailures(next.jobs)
  }

  /** A job that fails while the page is open is told, wherever the user is. */
  function announceFailures(all: Job[]): void {
    const ended = all.filter((job) => job.state !== 'running')
    if (settledBefore) {
      for (const job of ended) {
        if (job.state === 'failed' && job.error && !settledBefore.has(job.id)) notices.fail(job.error, job.title)
      }
    }
    settledBefore = new Set(ended.map((job) => job.id))
  }

  /** Opens the stream. Does nothing when it is open. */
  function start(): void {
    stop ??= follow<SystemStatus>({
      open: (signal) => api.system.watch(undefined, { signal }),
      onValue,
      onConnected: (connected, error) => {
        const refused = error instanceof StudioError && error.code === 'request/forbidden'
        connection.value = connected ? 'live' : refused ? 'refused' : 'lost'
        if (connected && !info.value) void loadInfo()
      }
    })
  }

  async function loadInfo(): Promise<void> {
    info.value = await api.system.info().catch(() => null)
  }

  function close(): void {
    stop?.()
    stop = null
  }

  async function cancelJob(jobId: string): Promise<void> {
    await api.system.cancelJob({ jobId }).catch((error: unknown) => notices.fail(error, 'Stopping'))
  }

  return {
    status,
    info,
    connection,
    device,
    jobs,
    running,
    liveRunCount,
    revision,
    start,
    close,
    cancelJob,
    /** Of a dataset or a run: its running job, or null. */
    jobOf: (match: { datasetId?: string; runId?: string }): Job | null =>
      running.value.find(
        (job) =>
          (match.datasetId !== undefined && job.datasetId === match.datasetId && job.kind === 'import') ||
          (match.runId !== undefined && job.runId === match.runId && job.kind === 'train')
      ) ?? null
  }
})
