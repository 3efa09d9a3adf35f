/** Which runs are chosen to be compared, and what came of it. The choice lives as long as the window. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { Comparison } from '@shared/domain/comparison'
import { MOST_CURVES } from '@shared/domain/curves'
import { toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../api/client'

/** As many as are overlaid at once. */
export const MOST_RUNS = MOST_CURVES
/** As many as the core tests against each other at once. */
export const MOST_TESTED = 20

export const useCompareStore = defineStore('compare', () => {
  /** Ids of the runs that are ticked in the table. */
  const selected = shallowRef<ReadonlySet<string>>(new Set())
  const comparison = shallowRef<Comparison | null>(null)
  const failure = shallowRef<ErrorData | null>(null)
  let request = 0

  /** Compares; what was shown before stays until the answer is there. Fewer than two runs, or too many: nothing to show. */
  async function load(runIds: string[]): Promise<void> {
    const current = ++request
    failure.value = null
    if (runIds.length < 2 || runIds.length > MOST_TESTED) {
      comparison.value = null
      return
    }
    try {
      const answer = await api.compare.runs({ runIds })
      if (current === request) comparison.value = answer
    } catch (error) {
      if (current !== request) return
      comparison.value = null
      failure.value = toErrorData(error)
    }
  }

  return {
    selected,
    comparison,
    failure,
    load,
    select: (ids: Iterable<string>) => (selected.value = new Set(ids)),
    /** Where the ticked runs are compared. */
    target: computed(() => ({ path: '/compare', query: { ids: [...selected.value].slice(0, MOST_RUNS).join(',') } }))
  }
})
