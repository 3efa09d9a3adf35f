/** One pre-flight at a time for the form: started, followed as it goes, ended when the form goes or another begins. */
import { computed, onBeforeUnmount, ref, shallowRef } from 'vue'
import { worstFirst, type Diagnosis, type DiagnosisCheck, type DiagnosisFinding } from '@shared/domain/diagnosis'
import type { TrainingConfig } from '@shared/domain/training-config'
import { toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../../api/client'

export function usePreflight() {
  const running = ref(false)
  /** What goes on now. */
  const phase = ref('')
  const checks = shallowRef<DiagnosisCheck[]>([])
  const found = shallowRef<DiagnosisFinding[]>([])
  const diagnosis = shallowRef<Diagnosis | null>(null)
  const error = shallowRef<ErrorData | null>(null)
  /** What was examined; null: nothing yet. */
  const subject = ref<string | null>(null)
  /** Ranked once it is over; until then in the order of their severity. */
  const findings = computed(() => diagnosis.value?.findings ?? worstFirst(found.value))
  let leaving: AbortController | null = null

  async function start(datasetId: string, config: TrainingConfig): Promise<void> {
    stop()
    const own = (leaving = new AbortController())
    subject.value = subjectOf(datasetId, config)
    checks.value = []
    found.value = []
    diagnosis.value = null
    error.value = null
    phase.value = 'Starting'
    running.value = true
    try {
      for await (const event of await api.doctor.preflight({ datasetId, config }, { signal: own.signal })) {
        if (leaving !== own) break
        if (event.type === 'phase') phase.value = event.text
        else if (event.type === 'diagnosis') {
          diagnosis.value = event.diagnosis
          checks.value = event.diagnosis.checks
        } else {
          checks.value = [...checks.value, event.check]
          found.value = [...found.value, ...event.findings]
        }
      }
    } catch (failure) {
      if (leaving === own && !own.signal.aborted) error.value = toErrorData(failure)
    } finally {
      if (leaving === own) running.value = false
    }
  }

  /** What was found so far stays. */
  function stop(): void {
    leaving?.abort()
    running.value = false
  }
  onBeforeUnmount(stop)

  return { running, phase, checks, findings, diagnosis, error, subject, start, stop }
}

/** Whether two examinations would be of the same. */
export const subjectOf = (datasetId: string, config: TrainingConfig): string => JSON.stringify([datasetId, config])
