/** What an import brings, applied in one transaction: either all of it, or the dataset stays as it was. */
import type Database from 'better-sqlite3'
import type { ImportReport, RefusedFile } from '@shared/domain/dataset'
import { fromJson } from '../json'
import type { Connection } from '../database'
import type { DatasetStore, NewImage } from '../store'
import { datasetById, datasetRow, prune } from './datasets'

type Queries = Pick<DatasetStore, 'applyImport' | 'applySplit' | 'report'>

/** A path with the content it had before takes up its retired row again, and with it its id. */
const UPSERT_IMAGE = `
  insert into images (dataset_key, path, label, split, hash, width, height, bytes, format, mtime_ms, present)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
  on conflict (dataset_key, path, hash) do update set
    label = excluded.label, split = excluded.split, width = excluded.width, height = excluded.height,
    bytes = excluded.bytes, format = excluded.format, mtime_ms = excluded.mtime_ms, present = 1`

function replaceImages(sqlite: Database.Database, key: number, images: NewImage[]): void {
  sqlite.prepare('update images set present = 0 where dataset_key = ? and present = 1').run(key)
  const upsert = sqlite.prepare(UPSERT_IMAGE)
  for (const { path, label, split, hash, width, height, bytes, format, mtimeMs } of images) {
    upsert.run(key, path, label, split, hash, width, height, bytes, format, mtimeMs)
  }
}

function replaceClasses(sqlite: Database.Database, key: number, classes: string[]): void {
  sqlite.prepare('delete from classes where dataset_key = ?').run(key)
  const insert = sqlite.prepare('insert into classes (dataset_key, position, name) values (?, ?, ?)')
  classes.forEach((name, position) => insert.run(key, position, name))
}

function replaceRefused(sqlite: Database.Database, key: number, refused: RefusedFile[]): void {
  sqlite.prepare('delete from refused_files where dataset_key = ?').run(key)
  const insert = sqlite.prepare(
    'insert or replace into refused_files (dataset_key, path, code, message) values (?, ?, ?, ?)'
  )
  for (const { path, code, message } of refused) insert.run(key, path, code, message)
}

export function importQueries({ db, sqlite }: Connection): Queries {
  return {
    applyImport: (id, changes) =>
      db.transaction().execute(async (trx) => {
        const { key } = await datasetRow(trx, id)
        // Bulk inserts go past the query builder, on the same connection and thus within the same transaction.
        replaceImages(sqlite, key, changes.images)
        replaceClasses(sqlite, key, changes.classes)
        replaceRefused(sqlite, key, changes.refused)
        await prune(trx, key)
        await trx
          .updateTable('datasets')
          .set({
            state: 'ready',
            image_count: changes.images.length,
            class_count: changes.classes.length,
            bytes: changes.images.reduce((sum, { bytes }) => sum + bytes, 0),
            split_source: changes.splitSource,
            content_hash: changes.contentHash,
            findings: JSON.stringify(changes.findings),
            updated_at: Date.now()
          })
          .where('key', '=', key)
          .execute()
        const { report } = changes
        await trx
          .replaceInto('import_reports')
          .values({
            dataset_key: key,
            scanned: report.scanned,
            imported: report.imported,
            added: report.added,
            changed: report.changed,
            removed: report.removed,
            unchanged: report.unchanged,
            ignored: report.ignored,
            findings: JSON.stringify(report.findings),
            duration_ms: report.durationMs,
            finished_at: report.finishedAt
          })
          .execute()
        return datasetById(trx, id)
      }),

    applySplit: (id, { splitSeed, splitSource, contentHash, findings, images }) =>
      db.transaction().execute(async (trx) => {
        const { key } = await datasetRow(trx, id)
        const update = sqlite.prepare('update images set split = ? where dataset_key = ? and path = ? and present = 1')
        for (const { path, split } of images) update.run(split, key, path)
        await trx
          .updateTable('datasets')
          .set({
            split_seed: splitSeed,
            split_source: splitSource,
            content_hash: contentHash,
            findings: JSON.stringify(findings),
            updated_at: Date.now()
          })
          .where('key', '=', key)
          .execute()
        return datasetById(trx, id)
      }),

    report: async (id): Promise<ImportReport | null> => {
      const { key } = await datasetRow(db, id)
      const row = await db.selectFrom('import_reports').selectAll().where('dataset_key', '=', key).executeTakeFirst()
      if (!row) return null
      const refused = await db
        .selectFrom('refused_files')
        .select(['path', 'code', 'message'])
        .where('dataset_key', '=', key)
        .orderBy('path')
        .execute()
      return {
        datasetId: id,
        scanned: row.scanned,
        imported: row.imported,
        added: row.added,
        changed: row.changed,
        removed: row.removed,
        unchanged: row.unchanged,
        ignored: row.ignored,
        refused: refused as RefusedFile[],
        findings: fromJson(row.findings),
        durationMs: row.duration_ms,
        finishedAt: row.finished_at
      }
    }
  }
}
