/** A heat map, fetched when it is wanted and again when what is wanted changes. */
import { onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import type { HeatMap, HeatMethod, PictureSource } from '@shared/domain/heat'
import { toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../../api/client'
import { isAbort } from '../../api/errors'

export interface HeatRequest {
  runId: string
  source: PictureSource
  /** Null: the class that the run takes it for. */
  classIndex: number | null
  method: HeatMethod
}

/** Maps that were shown last: going back and forth shows them at once. A few kilobytes each. */
const KEPT = 200
const known = new Map<string, HeatMap>()

/** Few at once, so that a page of pictures that is left again has not been asked for as a whole. */
const AT_ONCE = 3
let running = 0
const waiting: (() => void)[] = []

async function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    signal.throwIfAborted()
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

async function fetchMap(request: HeatRequest, signal: AbortSignal): Promise<HeatMap> {
  const key = JSON.stringify(request)
  const kept = known.get(key)
  if (kept) return kept
  const map = await inTurn(signal, () => api.predictions.heatMap(request, { signal }))
  known.set(key, map)
  for (const oldest of known.keys()) {
    if (known.size <= KEPT) break
    known.delete(oldest)
  }
  return map
}

/** @param wanted null: none */
export function useHeatMap(wanted: () => HeatRequest | null) {
  const map = shallowRef<HeatMap | null>(null)
  const loading = ref(false)
  const error = shallowRef<ErrorData | null>(null)
  let leaving: AbortController | null = null

  async function load(request: HeatRequest): Promise<void> {
    const controller = new AbortController()
    leaving = controller
    loading.value = true
    try {
      const found = await fetchMap(request, controller.signal)
      if (leaving === controller) map.value = found
    } catch (thrown) {
      if (leaving !== controller || isAbort(thrown)) return
      map.value = null
      error.value = toErrorData(thrown)
    } finally {
      if (leaving === controller) loading.value = false
    }
  }

  function stop(): void {
    leaving?.abort()
    leaving = null
    loading.value = false
  }

  watch(
    () => JSON.stringify(wanted()),
    (now, before) => {
      stop()
      error.value = null
      const request = wanted()
      // The map of another picture or method must not stand for this one; that of another class of the same one may, while it waits.
      if (!request || before === undefined || makingOf(now) !== makingOf(before)) map.value = null
      if (request) void load(request)
    },
    { immediate: true }
  )
  onBeforeUnmount(stop)
  return { map, loading, error, stop }
}

function makingOf(request: string): string {
  const parsed = JSON.parse(request) as HeatRequest | null
  return JSON.stringify([parsed?.runId, parsed?.source, parsed?.method])
}
