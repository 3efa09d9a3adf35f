/** One cross-hair over several charts: charts that share a `CrosshairSync` show the same x. */
import { inject, provide, shallowRef, type InjectionKey, type ShallowRef } from 'vue'

export interface CrosshairSync {
  /** Where the pointer (or the arrow keys) stand on the x axis, or null. */
  x: ShallowRef<number | null>
  /** The x range that is zoomed to, or null for all of it. */
  range: ShallowRef<readonly [min: number, max: number] | null>
}

const key: InjectionKey<CrosshairSync> = Symbol('crosshair')

function createCrosshairSync(): CrosshairSync {
  return { x: shallowRef(null), range: shallowRef(null) }
}

/** Links all charts below the calling component. */
export function provideCrosshair(): CrosshairSync {
  const sync = createCrosshairSync()
  provide(key, sync)
  return sync
}

/** The cross-hair of the nearest group, or one of the chart's own. */
export function useCrosshair(): CrosshairSync {
  return inject(key, createCrosshairSync, true)
}
