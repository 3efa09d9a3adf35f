/** An explanation as it is worked at: opened at any moment, it shows the same. */
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { Explanation, ExplanationEvent } from '@shared/domain/explanation'
import { StudioError } from '@shared/errors'
import { api } from '../../api/client'
import { follow } from '../../api/follow'

export interface ExplanationWatch {
  explanation: ShallowRef<Explanation | null>
  /** What the experiment that runs is at. */
  phase: ShallowRef<string>
  failure: ShallowRef<StudioError | null>
}

const isFinal = (error: unknown): boolean => error instanceof StudioError && error.code === 'explain/not-found'

/** @param id of the explanation; null: none is shown */
export function useExplanation(id: () => string | null): ExplanationWatch {
  const explanation = shallowRef<Explanation | null>(null)
  const phase = shallowRef('')
  const failure = shallowRef<StudioError | null>(null)
  let stop: (() => void) | null = null

  watch(
    id,
    (wanted) => {
      stop?.()
      stop = null
      explanation.value = null
      phase.value = ''
      failure.value = null
      if (!wanted) return
      stop = follow<ExplanationEvent>({
        open: (signal) => api.explain.watch({ explanationId: wanted }, { signal }),
        onValue: (event) => {
          explanation.value = event.explanation
          phase.value = event.phase
        },
        onConnected: (on, error) => {
          if (on) failure.value = null
          else if (isFinal(error)) failure.value = error as StudioError
          // A stream that ended by itself told of the end.
          else if (error === undefined && explanation.value?.endedAt) stop?.()
        },
        shouldRetry: (error) => !isFinal(error)
      })
    },
    { immediate: true }
  )
  onScopeDispose(() => stop?.())
  return { explanation, phase, failure }
}
