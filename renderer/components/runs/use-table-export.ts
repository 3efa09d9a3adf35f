/** The table of runs as a file. */
import { api } from '../../api/client'
import { saveFile } from '../../composables/save-file'
import { useNoticesStore } from '../../stores/notices'
import { useRunTableStore } from '../../stores/run-table'
import { condition } from './filter-text'

/** Longer ones the filter does not take. */
const MOST_CHARACTERS = 3900

export function useTableExport() {
  const table = useRunTableStore()
  const notices = useNoticesStore()

  /**
   * @param only these runs; empty: all that the table has, on whatever page
   * @param everything each setting and result, rather than the columns shown
   */
  async function save(format: 'csv' | 'json', only: readonly string[], everything: boolean): Promise<void> {
    const these = only.length > 0 ? [condition('id', only)] : []
    const question = table.question(these)
    if (question.filter.length > MOST_CHARACTERS) {
      notices.tell(
        'So many runs cannot be named one by one',
        'Narrow the filter to them, or tag them, and export what it shows.'
      )
      return
    }
    const shown = table.columns.map(({ key }) => (key === 'tags' ? 'tag' : key)).filter((key) => key !== 'spark')
    try {
      const text = await api.runs.exportTable({ ...question, columns: everything ? null : shown, format })
      saveFile(`runs.${format}`, text, format === 'csv' ? 'text/csv' : 'application/json')
    } catch (error) {
      notices.fail(error, 'Exporting the table')
    }
  }
  return { save }
}
