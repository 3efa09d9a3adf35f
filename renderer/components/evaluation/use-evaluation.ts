/** The report on a run over the split and slice that are looked at. What was shown stays until the next answer is there. */
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { ClassMetrics } from '@shared/domain/evaluation'
import type { EvaluationReport, TraitScore } from '@shared/domain/evaluation-report'
import type { ReportSlice } from '@shared/domain/image-trait'
import type { Run } from '@shared/domain/run'
import { api } from '../../api/client'
import { useNoticesStore } from '../../stores/notices'

export type EvaluatedSplit = 'validation' | 'test'

export interface EvaluationScope {
  split: Ref<EvaluatedSplit>
  slice: ShallowRef<ReportSlice>
  /** Null where there is none: no prediction in the split, or no image in the slice. */
  report: ShallowRef<EvaluationReport | null>
  /** Of the whole split or of the slice's class, also while a slice is empty. */
  traits: ShallowRef<readonly TraitScore[]>
  /** Of the images that are looked at, whichever class is chosen. */
  perClass: ShallowRef<readonly ClassMetrics[]>
  /** Accuracy over the whole split. */
  accuracy: Ref<number>
  /** Whether an answer is there, for any scope yet. */
  loaded: Ref<boolean>
  narrowed: ComputedRef<boolean>
  /** Asks again, for example after the run was calibrated. */
  reload(): Promise<void>
}

export function useEvaluation(run: () => Run): EvaluationScope {
  const notices = useNoticesStore()
  const split = ref<EvaluatedSplit>('test')
  const slice = shallowRef<ReportSlice>({})
  const report = shallowRef<EvaluationReport | null>(null)
  const traits = shallowRef<readonly TraitScore[]>([])
  const perClass = shallowRef<readonly ClassMetrics[]>([])
  const accuracy = ref(0)
  const loaded = ref(false)
  let request = 0

  async function reload(): Promise<void> {
    const current = ++request
    try {
      const answer = await api.runs.report({ runId: run().id, split: split.value, slice: slice.value })
      if (current !== request) return
      report.value = answer
      if (answer) keep(answer)
    } catch (error) {
      if (current === request) notices.fail(error, 'Reading the report')
    }
    if (current === request) loaded.value = true
  }

  /** What stays the same while the slice changes. */
  function keep({ slice: asked, traits: found, evaluation, splitAccuracy }: EvaluationReport): void {
    traits.value = found
    if (asked.label === undefined) perClass.value = evaluation.perClass
    accuracy.value = splitAccuracy
  }

  watch(
    () => run().id,
    () => {
      split.value = 'test'
      slice.value = {}
      report.value = null
      traits.value = []
      perClass.value = []
      loaded.value = false
    }
  )
  // A run may be settled a moment before its test scores are stored.
  watch([() => run().id, () => run().test?.accuracy, split, slice], reload, { immediate: true })

  const narrowed = computed(() => slice.value.label !== undefined || slice.value.trait !== undefined)
  return { split, slice, report, traits, perClass, accuracy, loaded, narrowed, reload }
}
