/** Where the playground's run looks in the picture, for the class that is chosen there. */
import { computed, ref, watch, type Ref } from 'vue'
import type { HeatMethod } from '@shared/domain/heat'
import type { Guess } from '@shared/domain/evaluation'
import type { Run } from '@shared/domain/run'
import { useHeatMap } from '../heat/use-heat-map'

export function useLook(run: Ref<Run | null>, uploadId: Ref<string | null>, guesses: Ref<readonly Guess[]>) {
  const shown = ref(false)
  const method = ref<HeatMethod>('grad-cam')
  const picked = ref<string | null>(null)
  // Another picture, or another run, has its own best guess.
  watch([() => run.value?.id, uploadId], () => (picked.value = null))

  /** The class that is looked for: the best guess until another one is picked. */
  const chosen = computed({
    get: () => picked.value ?? guesses.value[0]?.label ?? null,
    set: (label) => (picked.value = label)
  })
  const { map, loading, error, stop } = useHeatMap(() => {
    const classIndex = run.value && chosen.value !== null ? run.value.classes.indexOf(chosen.value) : -1
    if (!shown.value || !run.value || !uploadId.value || classIndex < 0) return null
    return { runId: run.value.id, source: { uploadId: uploadId.value }, classIndex, method: method.value }
  })
  return { shown, method, chosen, map, loading, error, stop }
}
