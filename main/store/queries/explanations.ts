/** Explanations and their experiments. */
import { sql, type SqlBool } from 'kysely'
import { explanationSchema, type Explanation, type ExplanationSummary } from '@shared/domain/explanation'
import { StudioError } from '@shared/errors'
import type { Connection } from '../database'
import { fromJson } from '../json'
import type { ExplanationStore, StoredExperiment } from '../store'
import type { Holder } from './runs'

type Queries = Omit<ExplanationStore, 'claim' | 'interruptOrphans'> & {
  /** Marks it as the one that trains, unless a run wants to or another one does, which is returned then. */
  takePlace(id: string): Promise<Holder | null>
  /** Unfinished ones, with the process that works at each. */
  unfinished(): Promise<{ id: string; pid: number }[]>
  /** Settles as `interrupted`, with the answer that they had. */
  interrupt(ids: string[]): Promise<void>
}

/** Ids that fit one statement (SQLite's limit is 32,766 variables). */
const CHUNK = 1000

export function explanationQueries({ db }: Connection): Queries {
  const columnsOf = ({ state, endedAt, ...rest }: Explanation) => ({
    state,
    ended_at: endedAt,
    document: JSON.stringify({ ...rest, state, endedAt })
  })

  return {
    create: async (explanation, ownerPid) => {
      const row = { id: explanation.id, owner_pid: ownerPid, created_at: explanation.createdAt }
      await db
        .insertInto('explanations')
        .values({ ...row, ...columnsOf(explanation) })
        .execute()
    },

    save: async (explanation) => {
      await db.updateTable('explanations').set(columnsOf(explanation)).where('id', '=', explanation.id).execute()
    },

    get: async (id) => {
      const rows = db.selectFrom('explanations').select('document').where('kind', '=', 'explanation')
      const row = await rows.where('id', '=', id).executeTakeFirst()
      return row ? explanationSchema.parse(fromJson(row.document)) : null
    },

    list: async () => {
      const field = (name: string) => sql<string>`document ->> ${`$.${name}`}`
      const rows = await db
        .selectFrom('explanations')
        .select(['id', 'state', 'created_at', 'ended_at'])
        .select([field('datasetName').as('datasetName'), field('a').as('a'), field('b').as('b')])
        .select([field('aName').as('aName'), field('bName').as('bName'), field('verdict').as('verdict')])
        .where('kind', '=', 'explanation')
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .execute()
      return rows.map(({ state, created_at, ended_at, ...row }): ExplanationSummary => ({
        ...row,
        state: state as ExplanationSummary['state'],
        createdAt: created_at,
        endedAt: ended_at
      }))
    },

    remove: async (id) => {
      await db.deleteFrom('explanations').where('id', '=', id).execute()
    },

    takePlace: (id) =>
      db.transaction().execute(async (trx) => {
        // A write first, so that two processes cannot both see an empty place.
        const { numUpdatedRows } = await trx
          .updateTable('explanations')
          .set({ trains: 0 })
          .where('id', '=', id)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) throw new StudioError('explain/not-found', `There is no explanation '${id}'.`)
        // Runs that wait come first: an explanation makes way after each experiment.
        const run = await trx
          .selectFrom('runs')
          .select(['id', 'name', 'owner_pid as pid'])
          .where(sql<SqlBool>`state in ('queued', 'preparing', 'running')`)
          .executeTakeFirst()
        if (run) return { kind: 'run', ...run }
        const other = await trx
          .selectFrom('explanations')
          .select(['id', 'owner_pid as pid', 'kind as work'])
          .where('trains', '=', 1)
          .executeTakeFirst()
        if (other) {
          const { work, ...holder } = other
          return { kind: 'explanation', name: work === 'advice' ? 'the advisor' : 'another explanation', ...holder }
        }
        await trx.updateTable('explanations').set({ trains: 1 }).where('id', '=', id).execute()
        return null
      }),

    release: async (id) => {
      await db.updateTable('explanations').set({ trains: 0 }).where('id', '=', id).execute()
    },

    unfinished: async () => {
      const rows = await db
        .selectFrom('explanations')
        .select(['id', 'owner_pid as pid'])
        .where(sql<SqlBool>`state in ('queued', 'running')`)
        .execute()
      return rows
    },

    interrupt: async (ids) => {
      if (ids.length === 0) return
      const endedAt = Date.now()
      await db
        .updateTable('explanations')
        .set({
          state: 'interrupted',
          trains: 0,
          ended_at: endedAt,
          document: sql<string>`json_set(document, '$.state', 'interrupted', '$.endedAt', ${endedAt}, '$.remainingSeconds', null)`
        })
        .where('id', 'in', ids)
        .where(sql<SqlBool>`(state in ('queued', 'running') or trains = 1)`)
        .execute()
    },

    experiments: async (ids) => {
      const found: StoredExperiment[] = []
      for (let start = 0; start < ids.length; start += CHUNK) {
        const rows = await db
          .selectFrom('experiments')
          .select(['id', 'accuracy', 'seconds', 'diverged', 'correct'])
          .where('id', 'in', ids.slice(start, start + CHUNK))
          .execute()
        for (const { diverged, ...row } of rows) found.push({ ...row, diverged: diverged === 1 })
      }
      return found
    },

    saveExperiment: async ({ id, accuracy, seconds, diverged, correct }, { datasetHash, config }) => {
      const row = {
        accuracy,
        seconds,
        diverged: diverged ? (1 as const) : (0 as const),
        correct,
        created_at: Date.now()
      }
      await db
        .insertInto('experiments')
        .values({ id, dataset_hash: datasetHash, config: JSON.stringify(config), ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute()
    }
  }
}
