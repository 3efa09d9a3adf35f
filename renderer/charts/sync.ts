/** One cross-hair, one zoom and one highlight over several charts: those that share a `CurveSync` show the same. */
import { computed, inject, provide, shallowRef, type ComputedRef, type InjectionKey, type ShallowRef } from 'vue'
import type { Range } from './axis-range'
import type { CurveLine, Unit } from './series'

/** What one chart shows, for a legend that stands apart from it. */
export interface ChartContents {
  title: string
  unit: Unit
  lines: readonly CurveLine[]
}

export interface CurveSync {
  /** Where the pointer (or the arrow keys) stand on the x axis, or null. */
  x: ShallowRef<number | null>
  /** The x range that is zoomed to, or null for all of it. */
  range: ShallowRef<Range | null>
  /** Id of the line that is pointed at, in a chart or in a legend. */
  hovered: ShallowRef<string | null>
  /** Id of the line that was chosen to stand out. */
  pinned: ShallowRef<string | null>
  /** The line that stands out. */
  highlight: ComputedRef<string | null>
  /** The chart that was pointed at or focused last. */
  active: ShallowRef<(() => ChartContents) | null>
}

const key: InjectionKey<CurveSync> = Symbol('curves')

function createSync(): CurveSync {
  const hovered = shallowRef<string | null>(null)
  const pinned = shallowRef<string | null>(null)
  return {
    x: shallowRef(null),
    range: shallowRef(null),
    hovered,
    pinned,
    highlight: computed(() => hovered.value ?? pinned.value),
    active: shallowRef(null)
  }
}

/** Links all charts below the calling component. */
export function provideCurveSync(): CurveSync {
  const sync = createSync()
  provide(key, sync)
  return sync
}

/** What the nearest group shares, or a chart's own. */
export function useCurveSync(): CurveSync {
  return inject(key, createSync, true)
}
