/** Under which probability each run's answer counts as 'unknown', for as long as the page is open. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

/** Less sure than of the opposite. */
const DEFAULT_THRESHOLD = 0.5

export const useThresholdsStore = defineStore('thresholds', () => {
  const chosen = ref<Record<string, number>>({})
  const of = (runId: string): number => chosen.value[runId] ?? DEFAULT_THRESHOLD
  function set(runId: string, threshold: number): void {
    chosen.value = { ...chosen.value, [runId]: threshold }
  }
  return { of, set }
})
