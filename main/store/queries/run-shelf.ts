/** What the user does to runs, many at once: all of them or none. */
import { isSettled, type Run } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import type { Connection } from '../database'
import { valuesUpkeep } from '../run-table/values-upkeep'
import type { RunStore } from '../store'
import { prune } from './datasets'
import { runById } from './runs'

type Queries = Pick<RunStore, 'annotate' | 'remove' | 'restore' | 'purge'>

export function shelfQueries({ db, sqlite }: Connection): Queries {
  const values = valuesUpkeep(sqlite)

  /** @throws StudioError run/not-found, and whatever `change` throws: nothing is changed then */
  const each = (ids: readonly string[], change: (trx: Connection['db'], run: Run) => Promise<unknown>) =>
    db.transaction().execute(async (trx) => {
      for (const id of ids) await change(trx, await runById(trx, id))
    })

  return {
    annotate: async (ids, { tags, notes, starred, archived }) => {
      const changed: Run[] = []
      await each(ids, async (trx, run) => {
        const kept = run.tags.filter((tag) => !tags?.remove.includes(tag))
        const archivedAt = archived ? (run.archivedAt ?? Date.now()) : null
        await trx
          .updateTable('runs')
          .set({
            ...(tags && { tags: JSON.stringify([...new Set([...kept, ...tags.add])]) }),
            ...(notes !== undefined && { notes }),
            ...(starred !== undefined && { starred: starred ? 1 : 0 }),
            ...(archived !== undefined && { archived_at: archivedAt }),
            id: run.id
          })
          .where('id', '=', run.id)
          .execute()
        const after = await runById(trx, run.id)
        values.write(after)
        changed.push(after)
      })
      return changed
    },

    remove: (ids) =>
      each(ids, (trx, { id, name, state }) => {
        if (!isSettled(state)) throw new StudioError('run/active', `'${name}' is ${state}.`, { runId: id })
        const removal = trx.updateTable('runs').set({ removed_at: Date.now() })
        return removal.where('id', '=', id).where('removed_at', 'is', null).execute()
      }),

    restore: (ids) =>
      each(ids, (trx, { id }) => trx.updateTable('runs').set({ removed_at: null }).where('id', '=', id).execute()),

    purge: async (ids) => {
      await each(ids, async (trx, { id, name, removedAt }) => {
        if (removedAt === null) {
          throw new StudioError('run/not-removed', `'${name}' is not among the removed runs.`, { runId: id })
        }
        const { dataset_key: dataset } = await trx
          .deleteFrom('runs')
          .where('id', '=', id)
          .returning('dataset_key')
          .executeTakeFirstOrThrow()
        if (dataset !== null) await prune(trx, dataset)
      })
    }
  }
}
