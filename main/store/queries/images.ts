/** The images that a dataset holds now. */
import { sql, type ExpressionBuilder, type SqlBool } from 'kysely'
import type { ImageFilter, Split } from '@shared/domain/dataset'
import type { Connection } from '../database'
import type { Schema } from '../schema'
import type { DatasetStore } from '../store'
import { datasetRow } from './datasets'
import { toImage } from './rows'

type Queries = Pick<DatasetStore, 'known' | 'classes' | 'images' | 'image' | 'imageHash' | 'trainingImages'>

/** The text itself, wherever it stands: a pattern's own signs are escaped. */
const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`

/** Conditions on `images`. `present = 1` stands in each query as written, because only then a partial index is used. */
function matches(key: number, filter: ImageFilter) {
  return (eb: ExpressionBuilder<Schema, 'images'>) => {
    const conditions = [eb('images.dataset_key', '=', key), sql<SqlBool>`images.present = 1`]
    if (filter.label !== undefined) conditions.push(eb('images.label', '=', filter.label))
    if (filter.split) conditions.push(eb('images.split', '=', filter.split))
    if (filter.search) conditions.push(sql<SqlBool>`images.path like ${containing(filter.search)} escape '\\'`)
    if (filter.duplicatesOnly) {
      const shared = eb
        .selectFrom('images as other')
        .select('other.hash')
        .where('other.dataset_key', '=', key)
        .where(sql<SqlBool>`other.present = 1`)
        .groupBy('other.hash')
        .having(({ fn }) => fn.countAll(), '>', 1)
      conditions.push(eb('images.hash', 'in', shared))
    }
    return eb.and(conditions)
  }
}

export function imageQueries({ db }: Connection): Queries {
  const selectImages = () =>
    db
      .selectFrom('images')
      .innerJoin('datasets', 'datasets.key', 'images.dataset_key')
      .innerJoin('classes', (join) =>
        join.onRef('classes.dataset_key', '=', 'images.dataset_key').onRef('classes.name', '=', 'images.label')
      )
      .selectAll('images')
      .select(['datasets.id as dataset_id', 'classes.position as class_index'])

  return {
    known: async (id) => {
      const { key } = await datasetRow(db, id)
      const rows = await db
        .selectFrom('images')
        .select(['path', 'bytes', 'mtime_ms as mtimeMs', 'hash', 'width', 'height', 'format', 'label', 'split'])
        .where(matches(key, {}))
        .orderBy('path')
        .execute()
      return rows.map((row) => ({ ...row, split: row.split as Split }))
    },

    classes: async (id) => {
      const { key } = await datasetRow(db, id)
      const within = (split: Split) => sql<number>`count(*) filter (where images.split = ${split})`
      return db
        .selectFrom('classes')
        .leftJoin('images', (join) =>
          join
            .onRef('images.dataset_key', '=', 'classes.dataset_key')
            .onRef('images.label', '=', 'classes.name')
            .on(sql<SqlBool>`images.present = 1`)
        )
        .where('classes.dataset_key', '=', key)
        .groupBy('classes.position')
        .orderBy('classes.position')
        .select([
          'classes.position as index',
          'classes.name',
          within('train').as('train'),
          within('validation').as('validation'),
          within('test').as('test'),
          sql<number>`count(images.id)`.as('total')
        ])
        .execute()
    },

    images: async (id, filter, offset, limit) => {
      const { key } = await datasetRow(db, id)
      const { total } = await db
        .selectFrom('images')
        .where(matches(key, filter))
        .select(({ fn }) => fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow()
      const rows = await selectImages()
        .where(matches(key, filter))
        // Duplicates stand beside each other.
        .orderBy(filter.duplicatesOnly ? 'images.hash' : 'images.label')
        .orderBy('images.path')
        .offset(offset)
        .limit(limit)
        .execute()
      return { total, images: rows.map(toImage) }
    },

    image: async (imageId) => {
      const row = await selectImages()
        .where('images.id', '=', imageId)
        .where('images.present', '=', 1)
        .executeTakeFirst()
      return row ? toImage(row) : null
    },

    imageHash: async (imageId) => {
      const row = await db.selectFrom('images').select('hash').where('id', '=', imageId).executeTakeFirst()
      return row?.hash ?? null
    },

    trainingImages: async (id) => {
      const { key } = await datasetRow(db, id)
      const rows = await selectImages().where(matches(key, {})).orderBy('images.path').execute()
      return rows.map((row) => ({
        id: row.id,
        path: row.path,
        hash: row.hash,
        classIndex: row.class_index,
        split: row.split as Split
      }))
    }
  }
}
