/** What a picture takes on this machine, of backbones that were never measured here: asked for once, when nothing else computes. */
import { computed, onScopeDispose, watch } from 'vue'
import { useModelsStore } from '../stores/models'
import { useSystemStore } from '../stores/system'

/** One that cannot be measured is not asked for again and again. */
const asked = new Set<string>()

/** For as long as the component that calls it is there: a second or two for each. */
export function useFirstMeasure(): void {
  const models = useModelsStore()
  const system = useSystemStore()
  let gone = false
  onScopeDispose(() => (gone = true))
  const next = computed(() =>
    system.running.length > 0
      ? null
      : (models.list.find(({ id, speed }) => speed === null && !asked.has(id))?.id ?? null)
  )
  watch(
    next,
    (id) => {
      if (id === null || gone) return
      asked.add(id)
      void models.measure(id, true)
    },
    { immediate: true }
  )
}
