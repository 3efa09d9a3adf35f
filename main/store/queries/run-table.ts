/** The table of runs. What it is found by is kept beside the runs; see ../run-table. */
import { DEFAULT_MEASURES } from '@shared/domain/run-query'
import type { Connection } from '../database'
import { readColumns } from '../run-table/cells'
import { readRunColumns } from '../run-table/columns'
import { countFacets } from '../run-table/facets'
import { groupRuns } from '../run-table/groups'
import { readKeys } from '../run-table/keys'
import { matchingRuns } from '../run-table/matches'
import { readRows } from '../run-table/rows'
import type { RunStore } from '../store'

type Queries = Pick<RunStore, 'table' | 'tableColumns'>

export function runTableQueries({ sqlite }: Connection): Queries {
  // SQLite folds ASCII alone.
  sqlite.function('fold', { deterministic: true }, (text) => String(text).toLowerCase())

  return {
    table: async (query) => {
      const keys = readKeys(sqlite)
      const matches = matchingRuns(sqlite, query, keys)
      const page = matches.slice(query.offset, query.offset + query.limit)
      const { groupBy, columns, sort } = query
      const measures = columns ?? DEFAULT_MEASURES
      const cellsOfGroups = groupBy && readColumns(sqlite, matches, [...new Set(['id', ...groupBy, ...measures])], keys)
      return {
        total: matches.length,
        rows: page.length === 0 ? [] : readRows(sqlite, page, query, keys),
        groups:
          groupBy &&
          groupRuns(
            matches.map((key) => ({ key, id: String(cellsOfGroups!.get(key)!['id']) })),
            cellsOfGroups!,
            groupBy,
            measures,
            sort
          ),
        facets: query.facets.length === 0 ? [] : countFacets(sqlite, matches, query.facets, keys)
      }
    },

    tableColumns: async () => readRunColumns(sqlite)
  }
}
