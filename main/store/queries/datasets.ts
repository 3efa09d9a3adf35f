/** Datasets themselves; their images are in images.ts and imports.ts. */
import { sql, type Kysely, type Selectable, type SqlBool } from 'kysely'
import type { Dataset } from '@shared/domain/dataset'
import { StudioError } from '@shared/errors'
import type { Connection } from '../database'
import type { DatasetTable, Schema } from '../schema'
import { isDuplicate } from '../sqlite-errors'
import type { DatasetStore } from '../store'
import { toDataset } from './rows'

type Queries = Pick<DatasetStore, 'list' | 'get' | 'findByRoot' | 'create' | 'rename' | 'remove'> & {
  /** Datasets whose first import has not ended, with the process that runs it. */
  unfinished(): Promise<{ id: string; pid: number }[]>
}

/** A sub-query may find no row, says its type; a count always finds one. */
type Row = Selectable<DatasetTable> & { refused_count: number | null }
const fromRow = (row: Row): Dataset => toDataset(row, row.refused_count ?? 0)

function selectDatasets(db: Kysely<Schema>) {
  return db
    .selectFrom('datasets')
    .selectAll('datasets')
    .select(({ selectFrom, fn }) =>
      selectFrom('refused_files')
        .select(fn.countAll<number>().as('count'))
        .whereRef('refused_files.dataset_key', '=', 'datasets.key')
        .as('refused_count')
    )
    .where('removed_at', 'is', null)
}

const notFound = (id: string): StudioError =>
  new StudioError('dataset/not-found', `There is no dataset '${id}'.`, { datasetId: id })

/** @throws StudioError dataset/not-found */
export async function datasetRow(db: Kysely<Schema>, id: string): Promise<Row> {
  const row = await selectDatasets(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound(id)
  return row
}

/** @throws StudioError dataset/not-found */
export async function datasetById(db: Kysely<Schema>, id: string): Promise<Dataset> {
  return fromRow(await datasetRow(db, id))
}

/**
 * Forgets retired images that nothing shows any more, and removed datasets without runs. Images that a run in progress was
 * given stay: its predictions are still to come.
 */
export async function prune(db: Kysely<Schema>, datasetKey: number): Promise<void> {
  const active = await db
    .selectFrom('runs')
    .select('key')
    .where('dataset_key', '=', datasetKey)
    .where('state', 'in', ['queued', 'preparing', 'running'])
    .executeTakeFirst()
  if (active) return
  await db
    .deleteFrom('images')
    .where('dataset_key', '=', datasetKey)
    .where(sql<SqlBool>`images.present = 0`)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('predictions').select(sql.lit(1).as('one')).whereRef('image_id', '=', 'images.id')))
    )
    .execute()
  await db
    .deleteFrom('datasets')
    .where('key', '=', datasetKey)
    .where('removed_at', 'is not', null)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('runs').select('runs.key').whereRef('runs.dataset_key', '=', 'datasets.key')))
    )
    .execute()
}

export function datasetQueries({ db }: Connection): Queries {
  return {
    list: async () =>
      (await selectDatasets(db).orderBy('created_at', 'desc').orderBy('key', 'desc').execute()).map(fromRow),

    get: async (id) => {
      const row = await selectDatasets(db).where('id', '=', id).executeTakeFirst()
      return row ? fromRow(row) : null
    },

    findByRoot: async (root) => {
      const row = await selectDatasets(db).where('root', '=', root).executeTakeFirst()
      return row ? fromRow(row) : null
    },

    create: async ({ id, name, root, source, splitSeed }, ownerPid) => {
      const now = Date.now()
      try {
        await db
          .insertInto('datasets')
          .values({
            id,
            name,
            root,
            source,
            state: 'importing',
            owner_pid: ownerPid,
            image_count: 0,
            class_count: 0,
            bytes: 0,
            split_source: 'stratified',
            split_seed: splitSeed,
            content_hash: '',
            findings: '[]',
            created_at: now,
            updated_at: now
          })
          .execute()
      } catch (error) {
        if (!isDuplicate(error)) throw error
        throw new StudioError('dataset/busy', `'${root}' is being imported already.`, { root })
      }
      return datasetById(db, id)
    },

    rename: async (id, name) => {
      const { key } = await datasetRow(db, id)
      await db.updateTable('datasets').set({ name, updated_at: Date.now() }).where('key', '=', key).execute()
      return datasetById(db, id)
    },

    remove: (id) =>
      db.transaction().execute(async (trx) => {
        const { key } = await datasetRow(trx, id)
        await trx.updateTable('datasets').set({ removed_at: Date.now() }).where('key', '=', key).execute()
        await trx
          .updateTable('images')
          .set({ present: 0 })
          .where('dataset_key', '=', key)
          .where(sql<SqlBool>`present = 1`)
          .execute()
        for (const table of ['classes', 'refused_files', 'import_reports'] as const) {
          await trx.deleteFrom(table).where('dataset_key', '=', key).execute()
        }
        await prune(trx, key)
      }),

    unfinished: async () => {
      const rows = await selectDatasets(db).where('state', '=', 'importing').execute()
      return rows.map(({ id, owner_pid }) => ({ id, pid: owner_pid }))
    }
  }
}
