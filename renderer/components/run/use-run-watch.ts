/**
 * A run as it happens: a snapshot, then what changes. Opened at any moment, it shows the same as if it had been open all
 * along. Reconnects by itself; ends when a settled run's stream does.
 */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { isSettled, type LiveMistake, type Run, type RunEvent, type RunProgress } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import { api } from '../../api/client'
import { follow } from '../../api/follow'
import { bySeries, type MetricsBySeries } from '../../charts/series'

export interface RunWatch {
  run: ShallowRef<Run | null>
  metrics: ShallowRef<MetricsBySeries>
  progress: ShallowRef<RunProgress | null>
  mistakes: ShallowRef<LiveMistake[]>
  connected: Ref<boolean>
  /** Why there is nothing to show, for example `run/not-found`. */
  failure: ShallowRef<StudioError | null>
  /** Follows again a run whose stream has ended: it was resumed. */
  reopen: () => void
}

/** Not worth another attempt: the answer would be the same. */
const isFinal = (error: unknown): boolean => error instanceof StudioError && error.code === 'run/not-found'

export function useRunWatch(runId: () => string): RunWatch {
  const run = shallowRef<Run | null>(null)
  const metrics = shallowRef<MetricsBySeries>({})
  const progress = shallowRef<RunProgress | null>(null)
  const mistakes = shallowRef<LiveMistake[]>([])
  const connected = ref(false)
  const failure = shallowRef<StudioError | null>(null)
  let stop: (() => void) | null = null

  function onEvent(event: RunEvent): void {
    if (event.type === 'snapshot') {
      run.value = event.run
      metrics.value = bySeries(event.points)
      progress.value = event.progress
      mistakes.value = event.mistakes
    } else if (event.type === 'run') run.value = event.run
    else if (event.type === 'points') metrics.value = bySeries(event.points, metrics.value)
    else if (event.type === 'progress') progress.value = event.progress
    else mistakes.value = event.mistakes
  }

  function start(id: string): void {
    run.value = null
    metrics.value = {}
    progress.value = null
    mistakes.value = []
    open(id)
  }

  function open(id: string): void {
    stop?.()
    failure.value = null
    stop = follow<RunEvent>({
      open: (signal) => api.runs.watch({ runId: id }, { signal }),
      onValue: onEvent,
      onConnected: (on, error) => {
        connected.value = on
        if (on) failure.value = null
        else if (isFinal(error)) failure.value = error as StudioError
        else if (error === undefined && run.value && isSettled(run.value.state)) stop?.()
      },
      shouldRetry: (error) => !isFinal(error)
    })
  }

  watch(runId, start, { immediate: true })
  onScopeDispose(() => stop?.())
  return { run, metrics, progress, mistakes, connected, failure, reopen: () => open(runId()) }
}
