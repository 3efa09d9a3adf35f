/** The waterfall's geometry: rows of bars that each begin where the one before ended. Pure. */
import type { Estimate, Explanation, GapCause, GapFactor } from '@shared/domain/explanation'

export type Quantity = 'accuracy' | 'seconds'
/** `bar`: the interaction has its own; `divided`: it is shared out among the factors (Shapley). */
export type InteractionView = 'bar' | 'divided'

export const CAUSE_LABELS: Record<GapCause, string> = {
  preprocessing: 'Preprocessing',
  training: 'Training',
  model: 'Model',
  device: 'Device',
  data: 'Data',
  seed: 'Seed'
}
const CAUSES = Object.keys(CAUSE_LABELS) as GapCause[]

export interface Bar {
  /** Where it begins and ends, in the quantity's own unit. */
  from: number
  to: number
  estimate: Estimate
}

export interface FactorRow {
  kind: 'factor' | 'interaction'
  id: string
  factor: GapFactor | null
  label: string
  accuracy: Bar | null
  seconds: Bar | null
}

export interface CauseGroup {
  cause: GapCause | null
  label: string
  /** Sum of its bars. */
  accuracy: number | null
  seconds: number | null
  rows: FactorRow[]
}

type Shown = Pick<Explanation, 'factors' | 'interaction' | 'ends' | 'gap' | 'endedAt'>

/** Shapley values are there for every factor that was switched. */
export const canDivide = ({ factors }: Pick<Explanation, 'factors'>): boolean =>
  factors.length > 2 && factors.every(({ switchable, shapley }) => !switchable || shapley !== null)

/** Grouped by cause; within one, the largest first once all is over, so that nothing jumps before. */
export function waterfallOf(explanation: Shown, view: InteractionView): CauseGroup[] {
  const divided = view === 'divided' && canDivide(explanation)
  const accuracyOf = ({ accuracy, shapley }: GapFactor): Estimate | null => (divided && shapley ? shapley : accuracy)
  const ordered = CAUSES.map((cause) => {
    const factors = explanation.factors.filter((factor) => factor.cause === cause)
    const size = (factor: GapFactor): number => Math.abs(accuracyOf(factor)?.value ?? 0)
    if (explanation.endedAt !== null) factors.sort((a, b) => size(b) - size(a))
    return { cause, factors }
  }).filter(({ factors }) => factors.length > 0)
  const place = { accuracy: explanation.ends.a.accuracy, seconds: explanation.ends.a.seconds }
  const next = (quantity: Quantity, estimate: Estimate | null): Bar | null => {
    const from = place[quantity]
    if (from === null || !estimate) return null
    const to = from + estimate.value
    place[quantity] = to
    return { from, to, estimate }
  }
  const groups = ordered.map(({ cause, factors }): CauseGroup => {
    const rows = factors.map((factor): FactorRow => ({
      kind: 'factor',
      id: factor.id,
      factor,
      label: factor.label,
      accuracy: next('accuracy', accuracyOf(factor)),
      seconds: next('seconds', factor.seconds)
    }))
    return {
      cause,
      label: CAUSE_LABELS[cause],
      rows,
      accuracy: sumOf(rows, 'accuracy'),
      seconds: sumOf(rows, 'seconds')
    }
  })
  const interaction: FactorRow = {
    kind: 'interaction',
    id: 'interaction',
    factor: null,
    label: 'Interaction',
    accuracy: divided ? null : next('accuracy', explanation.interaction.accuracy),
    seconds: next('seconds', explanation.interaction.seconds)
  }
  const isNone = explanation.factors.filter(({ switchable }) => switchable).length < 3
  if (isNone) return groups
  return [...groups, { cause: null, label: '', rows: [interaction], accuracy: null, seconds: null }]
}

function sumOf(rows: readonly FactorRow[], quantity: Quantity): number | null {
  const bars = rows.flatMap((row) => row[quantity] ?? [])
  return bars.length === 0 ? null : bars.reduce((sum, { from, to }) => sum + to - from, 0)
}

export interface Axis {
  low: number
  high: number
  ticks: number[]
}

/** Room for the ends, every bar, and of the whiskers as much as is not out of all proportion. */
export function axisOf(
  ends: readonly (number | null)[],
  bars: readonly (Bar | null)[],
  /** `span`: what it shows at the least, so that next to no difference looks like next to none. */
  limits: { least: number; most: number; span: number }
): Axis {
  const values = ends.filter((end) => end !== null)
  for (const bar of bars) if (bar) values.push(bar.from, bar.to)
  if (values.length === 0) return { low: 0, high: 1, ticks: [] }
  const middle = (Math.min(...values) + Math.max(...values)) / 2
  const low = Math.min(...values, middle - limits.span / 2)
  const high = Math.max(...values, middle + limits.span / 2)
  const span = high - low
  const whiskers = bars.flatMap((bar) =>
    bar && bar.estimate.low !== null && bar.estimate.high !== null
      ? [bar.from + bar.estimate.low, bar.from + bar.estimate.high]
      : []
  )
  const reach = 0.6 * span
  const from = Math.max(limits.least, Math.min(low, Math.max(low - reach, Math.min(low, ...whiskers))) - 0.06 * span)
  const to = Math.min(limits.most, Math.max(high, Math.min(high + reach, Math.max(high, ...whiskers))) + 0.06 * span)
  return { low: from, high: Math.max(to, from + 1e-9), ticks: ticksBetween(from, to) }
}

/** Four to eight round numbers. */
function ticksBetween(low: number, high: number): number[] {
  const rough = (high - low) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough)!
  const ticks: number[] = []
  for (let tick = Math.ceil(low / step); tick * step <= high; tick++) ticks.push(tick * step)
  return ticks
}

/** Share of the axis, 0–100, kept inside it. */
export const percentOf = ({ low, high }: Axis, value: number): number =>
  Math.min(100, Math.max(0, (100 * (value - low)) / (high - low)))
