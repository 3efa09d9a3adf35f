/** One range test at a time for the form: started, followed as it goes, ended when the form goes or another begins. */
import { onBeforeUnmount, ref, shallowRef } from 'vue'
import type { RangeTestEvent } from '@shared/domain/range-test'
import type { TrainingConfig } from '@shared/domain/training-config'
import { toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../../api/client'

export function useRangeTest() {
  const event = shallowRef<RangeTestEvent | null>(null)
  const error = shallowRef<ErrorData | null>(null)
  const running = ref(false)
  let leaving: AbortController | null = null

  async function start(datasetId: string, config: TrainingConfig): Promise<void> {
    stop()
    const own = (leaving = new AbortController())
    event.value = null
    error.value = null
    running.value = true
    try {
      const { signal } = own
      for await (const next of await api.runs.rangeTest({ datasetId, config }, { signal })) {
        if (leaving === own) event.value = next
      }
    } catch (failure) {
      if (leaving === own && !own.signal.aborted) error.value = toErrorData(failure)
    } finally {
      if (leaving === own) running.value = false
    }
  }

  /** The curve stays as far as it has come. */
  function stop(): void {
    leaving?.abort()
    running.value = false
  }
  onBeforeUnmount(stop)

  return { event, error, running, start, stop }
}
