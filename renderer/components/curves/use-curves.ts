/**
 * Curves as a chart needs them: asked of the core for the part in view and the pixels of the plot, and again whenever one of these
 * changes. The whole and the part in view are kept side by side, so that a pan or a zoom has something to draw at once; of several
 * changes while an answer is on its way only the last is asked for.
 */
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef } from 'vue'
import type { CurvesRequest } from '@shared/domain/curves'
import { unpackColumn, unpackPoints } from '@shared/curves/pack'
import type { Points } from '@shared/curves/points'
import type { Band } from '@shared/curves/reduce'
import { toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../../api/client'
import type { Range } from '../../charts/axis-range'

export interface CurveQuery extends Pick<CurvesRequest, 'runIds' | 'groups' | 'x' | 'smoothing' | 'logX' | 'band'> {
  /** One request each, answered in this order. */
  series: readonly string[]
  /** Changes when the runs may have gone on. */
  version: string
}

export interface CurveAnswer {
  series: string
  bounds: Range | null
  curves: { runId: string; points: Points; smoothed: Points | null }[]
  groups: { runs: number; mean: Points; band: Band }[]
}

interface Held {
  /** The query that it answers, without range and pixels. */
  query: string
  pixels: number
  /** Null: all. */
  range: Range | null
  answers: CurveAnswer[]
}

/** So much on either side of the view is asked for too, of its width: a pan does not run out of points at once. */
const MARGIN = 0.25
/** Plots are asked for in widths of so many pixels, so that dragging a window's edge is not a request a pixel. */
const PIXEL_STEP = 64

/** @returns the answers for what is in view, or for all of it while those are on their way; and which of the two is held, in words */
export function useCurves(
  query: () => CurveQuery,
  view: () => { range: Range | null; pixels: number }
): { answers: ComputedRef<CurveAnswer[]>; failure: ComputedRef<ErrorData | null>; held: ComputedRef<string> } {
  const overview = shallowRef<Held | null>(null)
  const detail = shallowRef<Held | null>(null)
  const failure = shallowRef<ErrorData | null>(null)
  let asking = false
  let ended = false

  /** What is not held yet, or null. */
  function wanted(): Omit<Held, 'answers'> | null {
    const { range, pixels } = view()
    const { runIds, groups, series } = query()
    if (pixels <= 0 || series.length === 0 || runIds.length + groups.length === 0) return null
    const key = JSON.stringify(query())
    const columns = Math.ceil(pixels / PIXEL_STEP) * PIXEL_STEP
    const held = range ? detail.value : overview.value
    if (held?.query === key && held.pixels >= columns && satisfies(held.range, range)) return null
    return { query: key, pixels: columns, range: range && widened(range, query().logX) }
  }

  async function ask(): Promise<void> {
    if (asking) return
    asking = true
    try {
      for (let next = wanted(); next && !ended; next = wanted()) {
        const answers = await request(query(), next)
        ;(next.range ? detail : overview).value = { ...next, answers }
        failure.value = null
      }
    } catch (error) {
      failure.value = toErrorData(error)
    } finally {
      asking = false
    }
  }

  watch([query, view], () => void ask(), { immediate: true, flush: 'post' })
  onScopeDispose(() => (ended = true))

  const shown = computed(() => {
    const { range } = view()
    const part = detail.value
    return range && part?.range && covers(part.range, range) ? part : (overview.value ?? part)
  })
  return {
    answers: computed(() => shown.value?.answers ?? []),
    failure: computed(() => failure.value),
    held: computed(() => (shown.value ? (shown.value.range?.join(' ') ?? 'all') : 'nothing'))
  }
}

async function request(query: CurveQuery, { range, pixels }: Omit<Held, 'answers'>): Promise<CurveAnswer[]> {
  const { series, runIds, groups, x, smoothing, logX, band } = query
  const share = range ? 1 + 2 * MARGIN : 1
  return Promise.all(
    series.map(async (name) => {
      const {
        bounds,
        curves,
        groups: means
      } = await api.runs.curves({
        runIds,
        groups,
        x,
        smoothing,
        logX,
        band,
        series: name,
        from: range?.[0] ?? null,
        to: range?.[1] ?? null,
        pixels: Math.min(10_000, Math.ceil(pixels * share))
      })
      return {
        series: name,
        bounds,
        curves: curves.map(({ runId, points, smoothed }) => ({
          runId,
          points: unpackPoints(points),
          smoothed: smoothed && unpackPoints(smoothed)
        })),
        groups: means.map(({ runs, mean, band }) => ({
          runs,
          mean: unpackPoints(mean),
          band: { x: unpackColumn(band.x), low: unpackColumn(band.low), high: unpackColumn(band.high) }
        }))
      }
    })
  )
}

function widened([from, to]: Range, logarithmic: boolean): Range {
  if (logarithmic) return [from * (from / to) ** MARGIN, to * (to / from) ** MARGIN]
  return [from - (to - from) * MARGIN, to + (to - from) * MARGIN]
}

const covers = ([from, to]: Range, [low, high]: Range): boolean => from <= low && to >= high

/** Whether what is held is as fine as asked for: a part that is much narrower has to be asked for anew. */
function satisfies(held: Range | null, asked: Range | null): boolean {
  if (!held || !asked) return held === asked
  return covers(held, asked) && held[1] - held[0] <= (asked[1] - asked[0]) * (1 + 2 * MARGIN) * 1.001
}
