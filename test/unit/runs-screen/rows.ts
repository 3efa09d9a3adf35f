/** Rows of the runs table, as the core sends them. */
import type { RunRow } from '@shared/domain/run-query'

export const aRow = (over: Partial<RunRow> = {}): RunRow => ({
  id: 'r1',
  name: 'run 1',
  color: 0,
  state: 'completed',
  source: 'studio',
  datasetId: 'd',
  datasetName: 'flowers',
  createdAt: 0,
  tags: [],
  notes: '',
  starred: false,
  archived: false,
  removed: false,
  values: {},
  spark: [],
  ...over
})

export const rowsOf = (count: number, values: (index: number) => RunRow['values'] = () => ({})): RunRow[] =>
  Array.from({ length: count }, (_, index) =>
    aRow({ id: `r${String(index)}`, name: `run ${String(index)}`, values: values(index) })
  )
