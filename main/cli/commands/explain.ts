/** `explain RUN RUN`: what the gap between two runs is made of, by experiment. */
import {
  BEST_PRACTICE,
  budgetSchema,
  DEFAULT_BUDGET_SECONDS,
  DEFAULT_SEEDS,
  type Estimate,
  type Explanation
} from '@shared/domain/explanation'
import { StudioError } from '@shared/errors'
import { formatDuration, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table, type Cell } from '../table'

export interface ExplainOptions {
  /** For example '10m', '90s', '1h' or seconds. */
  budget?: string
  seeds?: number
}

const UNITS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3600 }

/** @throws StudioError usage/invalid */
export function parseBudget(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(s|m|min|h)?$/.exec(text.trim()) ?? []
  const parsed = budgetSchema.safeParse(Number(number) * UNITS[unit]!)
  if (parsed.success) return parsed.data
  throw new StudioError(
    'usage/invalid',
    `'${text}' is not a time budget: write 90s, 10m or 1h, from ten seconds to a day.`
  )
}

export async function explainRuns(
  { studio, output, onInterrupt }: CommandContext,
  references: readonly string[],
  options: ExplainOptions
): Promise<ExitCode> {
  if (references.length === 0) return listExplanations({ studio, output, onInterrupt })
  const [first, second = BEST_PRACTICE] = references
  if (references.length > 2)
    throw new StudioError('usage/invalid', 'Name two runs, or one to explain against best practice.')
  const a = (await studio.runs.resolve(first!)).id
  const b = second === BEST_PRACTICE ? BEST_PRACTICE : (await studio.runs.resolve(second)).id
  const budgetSeconds = options.budget === undefined ? DEFAULT_BUDGET_SECONDS : parseBudget(options.budget)
  const started = await studio.explain.start({ a, b, budgetSeconds, seeds: options.seeds ?? DEFAULT_SEEDS })
  const { id, factors } = started
  output.note(`${factors.length} factors: ${factors.map(({ label }) => label).join(', ')}.`)
  onInterrupt({
    note: 'Ending with the answer so far … (Ctrl-C again to give up at once)',
    act: () => void studio.explain.stop(id)
  })
  const explanation = await studio.explain.settled(id)
  if (explanation.error) throw StudioError.fromData(explanation.error)
  output.result(explanationDocument(explanation), describeExplanation(explanation))
  return EXIT.ok
}

/** What --json prints: plain numbers where a script wants one, their intervals beside them. */
export function explanationDocument(explanation: Explanation): Record<string, unknown> {
  const { gap, interaction, factors, experiments } = explanation
  return {
    id: explanation.id,
    a: { run: explanation.a, name: explanation.aName, ...explanation.ends.a, measured: explanation.measured.a },
    b: { run: explanation.b, name: explanation.bName, ...explanation.ends.b, measured: explanation.measured.b },
    state: explanation.state,
    method: explanation.method,
    seeds: explanation.seeds,
    testImages: explanation.testImages,
    budgetSeconds: explanation.budgetSeconds,
    spentSeconds: explanation.spentSeconds,
    gap: {
      accuracy: gap.accuracy?.value ?? null,
      seconds: gap.seconds?.value ?? null,
      interval: { accuracy: endsOf(gap.accuracy), seconds: endsOf(gap.seconds) }
    },
    factors: factors.map((factor) => ({
      factor: factor.id,
      label: factor.label,
      cause: factor.cause,
      from: factor.from,
      to: factor.to,
      switchable: factor.switchable,
      accuracy: factor.accuracy,
      seconds: factor.seconds?.value ?? null,
      secondsInterval: endsOf(factor.seconds),
      alone: factor.alone,
      last: factor.last,
      shapley: factor.shapley,
      settings: factor.settings
    })),
    interaction: { accuracy: interaction.accuracy, seconds: interaction.seconds?.value ?? null },
    experiments,
    notes: explanation.notes,
    verdict: explanation.verdict
  }
}

const endsOf = (estimate: Estimate | null): { low: number | null; high: number | null } | null =>
  estimate && { low: estimate.low, high: estimate.high }

export function describeExplanation(explanation: Explanation): string {
  const { aName, bName, ends, factors, interaction, gap, notes, verdict, experiments } = explanation
  const rows: Cell[][] = [
    [aName, null, ends.a.accuracy === null ? null : formatPercent(ends.a.accuracy), null, null, timeOf(ends.a.seconds)],
    ...factors.map(({ label, cause, accuracy, seconds, shapley }): Cell[] => [
      `  ${label}`,
      cause,
      pointsOf(accuracy),
      intervalOf(accuracy),
      pointsOf(shapley),
      secondsOf(seconds)
    ]),
    [
      '  Interaction',
      null,
      pointsOf(interaction.accuracy),
      intervalOf(interaction.accuracy),
      null,
      secondsOf(interaction.seconds)
    ],
    [bName, null, ends.b.accuracy === null ? null : formatPercent(ends.b.accuracy), null, null, timeOf(ends.b.seconds)],
    ['Gap', null, pointsOf(gap.accuracy), intervalOf(gap.accuracy), null, secondsOf(gap.seconds)]
  ]
  const made = experiments.filter(({ state }) => state === 'done')
  const there = made.filter(({ cached }) => cached).length
  const effort =
    `${made.length} experiments in ${formatDuration(explanation.spentSeconds)}` +
    (there > 0 ? `, ${there} of them known from before.` : '.')
  const heads = ['', 'cause', 'accuracy', '95 % interval', 'Shapley', 'training time']
  return [verdict, table(heads, rows, [2, 3, 4, 5]), [effort, ...notes].join('\n')].join('\n\n')
}

const signed = (value: number, digits: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`
const pointsOf = (estimate: Estimate | null): Cell => estimate && signed(100 * estimate.value, 1)
const timeOf = (seconds: number | null): Cell => (seconds === null ? null : formatDuration(seconds))
const secondsOf = (estimate: Estimate | null): Cell => estimate && `${signed(estimate.value, 2)} s`
const intervalOf = (estimate: Estimate | null): Cell =>
  estimate && estimate.low !== null && estimate.high !== null
    ? `${signed(100 * estimate.low, 1)} to ${signed(100 * estimate.high, 1)}`
    : null

async function listExplanations({ studio, output }: CommandContext): Promise<ExitCode> {
  const explanations = await studio.explain.list()
  const rows = explanations.map(({ id, aName, bName, datasetName, state, verdict }): Cell[] => [
    id,
    `${aName} → ${bName}`,
    datasetName,
    state,
    verdict
  ])
  output.result({ explanations }, table(['id', 'runs', 'dataset', 'state', 'verdict'], rows))
  return EXIT.ok
}
