/** `runs list`: the table of runs in a terminal. */
import type { Run } from '@shared/domain/run'
import type { Scalar } from '@shared/domain/run-annotations'
import { MOST_ROWS, runQuerySchema, type RunGroup, type RunQuery, type RunRow } from '@shared/domain/run-query'
import { wellKnownKeys } from '@shared/domain/run-values'
import { StudioError } from '@shared/errors'
import { nearest } from '@shared/query/nearest'
import { formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table, type Cell } from '../table'

/** What `runs list` and `runs export` have in common. */
export interface QuestionOptions {
  filter?: string
  sort?: string[]
  columns?: string[]
  shelf: 'shown' | 'archived' | 'all' | 'removed'
}

export interface ListOptions extends QuestionOptions {
  group?: string[]
  limit?: number
}

const SHELVES = { shown: 'no', archived: 'yes', all: 'all', removed: 'removed' } as const

/** As a script has always had it, with the table's values beside it. */
export async function listRuns({ studio, output }: CommandContext, options: ListOptions): Promise<ExitCode> {
  const question = await toQuestion(studio, options, options.group)
  const query = runQuerySchema.parse({
    ...question,
    groupBy: options.group?.length ? options.group : null,
    columns: options.columns ?? null,
    limit: options.limit ?? MOST_ROWS,
    facets: []
  } satisfies Partial<RunQuery>)
  const { total, groups, rows } = await studio.runs.table.query(query)
  const runs = await Promise.all(rows.map(async ({ id, values }) => ({ ...(await studio.runs.get(id)), values })))
  const text = groups ? describeGroups(groups) : describeRows(runs, total, options.columns)
  output.result({ total, runs, ...(groups && { groups }) }, text)
  return EXIT.ok
}

type Known = CommandContext['studio']

/** @throws StudioError query/invalid for a key that means nothing */
export async function toQuestion(
  studio: Known,
  { filter, sort, columns, shelf }: QuestionOptions,
  groupBy: readonly string[] = []
): Promise<Pick<RunQuery, 'filter' | 'archived' | 'sort'>> {
  const order = (sort ?? []).map((text) => ({ key: text.replace(/^-/u, ''), descending: text.startsWith('-') }))
  const keys = [...order.map(({ key }) => key), ...(columns ?? []), ...groupBy]
  if (keys.length > 0) {
    const known = ['tag', 'count', ...wellKnownKeys(), ...(await studio.runs.table.columns()).map(({ key }) => key)]
    for (const key of keys) {
      if (known.includes(key)) continue
      const meant = nearest(key, known)
      const hint = meant === null ? '' : ` Did you mean '${meant}'?`
      throw new StudioError('query/invalid', `No run has a value for '${key}'.${hint}`, { key })
    }
  }
  return { filter: filter ?? '', archived: SHELVES[shelf], sort: order }
}

type ListedRun = Run & Pick<RunRow, 'values'>

function describeRows(runs: readonly ListedRun[], total: number, columns: readonly string[] | undefined): string {
  if (total === 0) return 'No runs: `fit DIR` trains one, and `--shelf all` lists archived ones as well.'
  const text = columns
    ? table(
        ['id', 'name', ...columns],
        runs.map((run) => [run.id, run.name, ...columns.map((key) => cell(run, key))])
      )
    : table(
        ['id', 'name', 'dataset', 'preset', 'state', 'best validation', 'test', 'time', 'tags'],
        runs.map(defaultRow),
        [5, 6, 7]
      )
  return runs.length < total ? `${text}\n${String(runs.length)} of ${String(total)} runs` : text
}

const cell = (run: ListedRun, key: string): Cell =>
  key === 'tag' ? run.tags.join(', ') : shown(run.values[key] ?? null)
const shown = (value: Scalar): Cell =>
  typeof value === 'number' ? formatNumber(value) : typeof value === 'boolean' ? String(value) : value

function defaultRow({
  id,
  name,
  datasetName,
  state,
  tags,
  starred,
  config,
  imported,
  best,
  test,
  seconds
}: ListedRun): Cell[] {
  return [
    id,
    starred ? `${name} ★` : name,
    datasetName || null,
    imported ? imported.source : config.preset,
    state,
    best && formatPercent(best.validationAccuracy),
    test && formatPercent(test.accuracy),
    seconds && formatDuration(seconds.total),
    tags.join(', ')
  ]
}

function describeGroups(groups: readonly RunGroup[]): string {
  const [first] = groups
  if (!first) return 'No runs.'
  const keys = Object.keys(first.values)
  const measures = [...new Set(groups.flatMap(({ measures }) => Object.keys(measures)))]
  const rows = groups.map(({ values, count, measures: own }) => [
    ...keys.map((key) => shown(values[key] ?? null)),
    count,
    ...measures.map((key) => (own[key] ? spread(own[key]) : null))
  ])
  const right = [keys.length, ...measures.map((_, place) => keys.length + 1 + place)]
  return table([...keys, 'runs', ...measures], rows, right)
}

/** '0.812 ± 0.013 (5)': mean, standard deviation, runs that have a value. */
function spread({ mean, deviation, count }: RunGroup['measures'][string]): string {
  const around = deviation === null ? '' : ` ± ${formatNumber(deviation)}`
  return `${formatNumber(mean)}${around} (${String(count)})`
}
