/** The table of runs, as screens and commands ask for it. */
import {
  MOST_ROWS,
  type ExportTable,
  type RunColumn,
  type RunQuery,
  type RunRow,
  type RunTable,
  runQuerySchema
} from '@shared/domain/run-query'
import type { Run } from '@shared/domain/run'
import type { RunStore } from '../../store/store'
import { toCsv, toJson } from './table-export'

export class RunTableService {
  constructor(private readonly runs: RunStore) {}

  /** @throws StudioError query/invalid, with the place in the filter */
  query = (query: RunQuery): Promise<RunTable> => this.runs.table(query)

  columns = (): Promise<RunColumn[]> => this.runs.tableColumns()

  /** One run's own values. */
  async valuesOf({ id, removedAt }: Run): Promise<RunRow['values']> {
    const query = { filter: `id = "${id}"`, archived: removedAt === null ? 'all' : 'removed', facets: [] } as const
    return (await this.query(runQuerySchema.parse(query))).rows[0]?.values ?? {}
  }

  /** Every run that matches, as the text of a file. @throws StudioError query/invalid */
  async export({ format, columns, ...question }: ExportTable): Promise<string> {
    const rows: RunRow[] = []
    for (;;) {
      const page = await this.runs.table({
        ...question,
        columns,
        groupBy: null,
        facets: [],
        sparkSeries: null,
        offset: rows.length,
        limit: MOST_ROWS
      })
      rows.push(...page.rows)
      if (page.rows.length === 0 || rows.length >= page.total) break
    }
    const named = columns ?? ['tag', ...(await this.keysOf(rows))]
    return format === 'csv' ? toCsv(rows, named) : toJson(rows, named)
  }

  /** In the order in which a table would show them, and not in which the rows happened to bring them. */
  private async keysOf(rows: readonly RunRow[]): Promise<string[]> {
    const there = new Set(rows.flatMap(({ values }) => Object.keys(values)))
    return (await this.columns()).map(({ key }) => key).filter((key) => there.has(key))
  }
}
