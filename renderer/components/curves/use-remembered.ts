/** A choice that this browser keeps. */
import { ref, watch, type Ref } from 'vue'
import type { z } from 'zod'

/** @param schema what is kept is parsed by; anything else is forgotten */
export function useRemembered<S extends z.ZodType>(key: string, schema: S, fallback: z.output<S>): Ref<z.output<S>> {
  const value = ref(read()) as Ref<z.output<S>>
  function read(): z.output<S> {
    try {
      const kept = localStorage.getItem(key)
      return kept === null ? fallback : schema.parse(JSON.parse(kept))
    } catch {
      return fallback
    }
  }
  watch(value, (next) => localStorage.setItem(key, JSON.stringify(next)), { deep: true })
  return value
}
