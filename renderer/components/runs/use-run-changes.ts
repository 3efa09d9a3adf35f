/** Changes of one or many runs from the table: each is told, and what takes a run away can be undone from where it is told. */
import type { RunAnnotation } from '@shared/domain/run-query'
import { api } from '../../api/client'
import { useCompareStore } from '../../stores/compare'
import { useNoticesStore } from '../../stores/notices'
import { useRunTableStore } from '../../stores/run-table'

export const runsText = (count: number): string => (count === 1 ? '1 run' : `${String(count)} runs`)

export function useRunChanges() {
  const table = useRunTableStore()
  const compare = useCompareStore()
  const notices = useNoticesStore()

  /** @returns whether it was done */
  async function change(doing: string, call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call()
      await table.refresh()
      return true
    } catch (error) {
      notices.fail(error, doing)
      return false
    }
  }

  /** What is out of sight is not compared by accident. */
  const unselect = (ids: readonly string[]): void => {
    const gone = new Set(ids)
    compare.select([...compare.selected].filter((id) => !gone.has(id)))
  }

  const annotate = (runIds: string[], what: Partial<RunAnnotation>): Promise<boolean> =>
    change('Writing on runs', () => api.runs.annotate({ runIds, ...what }))

  async function archive(runIds: string[], archived: boolean): Promise<void> {
    if (!(await annotate(runIds, { archived }))) return
    unselect(runIds)
    notices.offer(`${runsText(runIds.length)} ${archived ? 'archived' : 'back among the runs'}`, 'Undo', () => {
      void annotate(runIds, { archived: !archived })
    })
  }

  const restore = (runIds: string[]): Promise<boolean> => change('Restoring runs', () => api.runs.restore({ runIds }))

  async function remove(runIds: string[]): Promise<void> {
    if (!(await change('Removing runs', () => api.runs.remove({ runIds })))) return
    unselect(runIds)
    notices.offer(`${runsText(runIds.length)} removed`, 'Undo', () => void restore(runIds))
  }

  async function purge(runIds: string[]): Promise<boolean> {
    const gone = await change('Deleting runs', () => api.runs.purge({ runIds }))
    if (gone) unselect(runIds)
    return gone
  }

  const rename = (runId: string, name: string): Promise<boolean> =>
    change('Renaming the run', () => api.runs.rename({ runId, name }))

  return { annotate, archive, restore, remove, purge, rename }
}
