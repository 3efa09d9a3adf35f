/** The newest advice for a dataset, as it is worked at: opened at any moment, it shows the same. */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { Advice, AdviceEvent } from '@shared/domain/advice'
import { api } from '../../api/client'
import { follow } from '../../api/follow'
import { useNoticesStore } from '../../stores/notices'

export interface AdviceWatch {
  advice: ShallowRef<Advice | null>
  /** What goes on now. */
  phase: Ref<string>
  loaded: Ref<boolean>
  starting: Ref<boolean>
  start: (budgetSeconds: number) => Promise<void>
  stop: () => Promise<void>
}

/** @param datasetId null: none is shown */
export function useAdvice(datasetId: () => string | null): AdviceWatch {
  const notices = useNoticesStore()
  const advice = shallowRef<Advice | null>(null)
  const phase = ref('')
  const loaded = ref(false)
  const starting = ref(false)
  let leave: (() => void) | null = null

  function show(found: Advice | null): void {
    leave?.()
    leave = null
    advice.value = found
    phase.value = ''
    loaded.value = true
    if (!found || found.endedAt !== null) return
    leave = follow<AdviceEvent>({
      open: (signal) => api.advisor.watch({ adviceId: found.id }, { signal }),
      onValue: (event) => {
        advice.value = event.advice
        phase.value = event.phase
      },
      onConnected: (on, error) => {
        if (!on && error === undefined && advice.value?.endedAt) leave?.()
      }
    })
  }

  watch(
    datasetId,
    async (wanted) => {
      show(null)
      loaded.value = false
      if (!wanted) return
      try {
        const found = await api.advisor.latest({ datasetId: wanted })
        if (wanted === datasetId()) show(found)
      } catch (error) {
        notices.fail(error, 'Reading what is known of the backbones')
      }
    },
    { immediate: true }
  )
  onScopeDispose(() => leave?.())

  async function start(budgetSeconds: number): Promise<void> {
    const wanted = datasetId()
    if (!wanted) return
    starting.value = true
    try {
      const started = await api.advisor.start({ datasetId: wanted, budgetSeconds })
      if (wanted === datasetId()) show(started)
    } catch (error) {
      notices.fail(error, 'Trying the backbones')
    } finally {
      starting.value = false
    }
  }

  async function stop(): Promise<void> {
    if (!advice.value) return
    await api.advisor.stop({ adviceId: advice.value.id }).catch((error: unknown) => notices.fail(error, 'Stopping'))
  }

  return { advice, phase, loaded, starting, start, stop }
}
