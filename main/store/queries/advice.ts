/** Advice on backbones: rows of the table of explanations, with which it shares experiments and the place for training. */
import { sql, type SqlBool } from 'kysely'
import { adviceSchema, type Advice } from '@shared/domain/advice'
import type { Connection } from '../database'
import { fromJson } from '../json'
import type { AdviceStore } from '../store'

export function adviceQueries({ db }: Connection): AdviceStore {
  const columnsOf = (advice: Advice) => ({
    state: advice.state,
    ended_at: advice.endedAt,
    document: JSON.stringify(advice)
  })
  const parsed = (row: { document: string } | undefined): Advice | null =>
    row ? adviceSchema.parse(fromJson(row.document)) : null
  return {
    create: async (advice, ownerPid) => {
      const row = { id: advice.id, kind: 'advice', owner_pid: ownerPid, created_at: advice.createdAt }
      await db
        .insertInto('explanations')
        .values({ ...row, ...columnsOf(advice) })
        .execute()
    },

    save: async (advice) => {
      await db.updateTable('explanations').set(columnsOf(advice)).where('id', '=', advice.id).execute()
    },

    latest: async (datasetId) => {
      const row = await db
        .selectFrom('explanations')
        .select('document')
        .where('kind', '=', 'advice')
        .where(sql<SqlBool>`document ->> '$.datasetId' = ${datasetId}`)
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirst()
      return parsed(row)
    },

    get: async (id) => {
      const rows = db.selectFrom('explanations').select('document').where('kind', '=', 'advice')
      return parsed(await rows.where('id', '=', id).executeTakeFirst())
    }
  }
}
