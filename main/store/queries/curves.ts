/** Curves as they are drawn: smoothed and averaged over whole series, then cut down to the pixels in view. */
import { meanBand, type SteppedPoints } from '@shared/curves/mean'
import { ascendingOrder, boundsOf, permuted, type Points } from '@shared/curves/points'
import { reduceBand, reduceExtremes, type View } from '@shared/curves/reduce'
import { smooth } from '@shared/curves/smooth'
import type { Curves, PackedPoints, SeriesCount } from '@shared/domain/curves'
import type { Connection } from '../database'
import type { RunStore } from '../store'
import { curveColumns, type CurveRun } from './curve-columns'

type Queries = Pick<RunStore, 'curves' | 'seriesOf'>

/** Hops from name to name through the primary key, instead of reading every point for its name. */
const SELECT_SERIES = `
  with recursive names (name) as (
    select min(series) from metric_points where run_key = ?
    union all
    select (select min(series) from metric_points where run_key = ? and series > names.name)
    from names where names.name is not null
  )
  select name from names where name is not null`

export function curveQueries(connection: Connection): Queries {
  const columns = curveColumns(connection)

  return {
    curves: async (request) => {
      const { series, x: axis } = request
      const read = (run: CurveRun): Points => columns.read(run, series, axis)
      const singles = request.runIds.map((id) => ordered(read(columns.run(id))))
      const groups = request.groups.map((ids) => ids.map(columns.run))
      // Of one step in all runs: by time, their points would not meet.
      const members = groups.map((runs) =>
        runs.map((run): SteppedPoints => ({ ...read(run), step: columns.read(run, series, 'step').x }))
      )
      const bounds = boundsOf([...singles, ...members.flat().map(ordered)])
      const [first, last] = bounds ?? [0, 0]
      const view: View = {
        from: request.from ?? (request.logX ? leastPositive([...singles, ...members.flat()], first) : first),
        to: request.to ?? last,
        pixels: request.pixels,
        logarithmic: request.logX
      }
      const smoothed = (points: Points): Points => smooth(points, request.smoothing, last - first)
      return {
        bounds,
        curves: singles.map((points, place) => ({
          runId: request.runIds[place]!,
          count: points.x.length,
          points: cut(points, view),
          smoothed: request.smoothing > 0 ? cut(smoothed(points), view) : null
        })),
        groups: members.map((group) => {
          const there = group.filter(({ x }) => x.length > 0)
          const { mean, band } = meanBand(
            there.map((member) => ({ ...smoothed(member), step: member.step })),
            request.band
          )
          const { x, low, high } = reduceBand(band, view)
          return {
            runs: there.length,
            mean: cut(mean, view),
            band: { x: pack(x), low: pack(low), high: pack(high) }
          }
        })
      } satisfies Curves
    },

    seriesOf: async (ids) => {
      const names = connection.sqlite.prepare<[number, number], string>(SELECT_SERIES).pluck()
      const counts = new Map<string, number>()
      for (const id of ids) {
        const { key } = columns.run(id)
        for (const name of names.all(key, key)) counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      return [...counts].map(([name, runs]): SeriesCount => ({ name, runs })).sort((a, b) => (a.name < b.name ? -1 : 1))
    }
  }
}

/** Where a logarithmic axis begins. */
function leastPositive(curves: readonly Points[], otherwise: number): number {
  const least = curves.reduce((lowest, { x }) => Math.min(lowest, x.find((at) => at > 0) ?? Infinity), Infinity)
  return least === Infinity ? otherwise : least
}

function cut(points: Points, view: View): PackedPoints {
  const { x, y } = reduceExtremes(points, view)
  return { x: pack(x), y: pack(y) }
}

function ordered({ x, y }: Points): Points {
  const order = ascendingOrder(x)
  return { x: permuted(x, order), y: permuted(y, order) }
}

function pack(column: Float64Array): string {
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength).toString('base64')
}
