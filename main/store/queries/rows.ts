/** Rows as domain objects. */
import type { Selectable } from 'kysely'
import type { Dataset, ImageRecord, Split } from '@shared/domain/dataset'
import type { Run } from '@shared/domain/run'
import { trainingConfigSchema } from '@shared/domain/training-config'
import { fromJson, fromJsonOrNull } from '../json'
import type { DatasetTable, RunTable } from '../schema'

export function toDataset(row: Selectable<DatasetTable>, refusedCount: number): Dataset {
  return {
    id: row.id,
    name: row.name,
    root: row.root,
    source: row.source as Dataset['source'],
    state: row.state as Dataset['state'],
    imageCount: row.image_count,
    classCount: row.class_count,
    bytes: row.bytes,
    refusedCount,
    splitSource: row.split_source as Dataset['splitSource'],
    splitSeed: row.split_seed,
    contentHash: row.content_hash,
    findings: fromJson(row.findings),
    createdAt: row.created_at,
    updatedAt: row.updated_at
  }
}

export interface ImageRow {
  id: number
  path: string
  label: string
  split: string
  hash: string
  width: number
  height: number
  bytes: number
  format: string
  dataset_id: string
  class_index: number
}

export function toImage(row: ImageRow): ImageRecord {
  const { id, path, label, hash, width, height, bytes, format } = row
  return {
    id,
    datasetId: row.dataset_id,
    path,
    label,
    classIndex: row.class_index,
    split: row.split as Split,
    hash,
    width,
    height,
    bytes,
    format
  }
}

/** A setting that came after the run was made has the value that says what the run did. */
function toConfig(json: string): Run['config'] {
  const stored = fromJson<Run['config']>(json)
  const parsed = trainingConfigSchema.safeParse(stored)
  return parsed.success ? parsed.data : stored
}

export function toRun(row: Selectable<RunTable> & { dataset_id: string | null }): Run {
  return {
    id: row.id,
    name: row.name,
    color: row.color,
    datasetId: row.dataset_id ?? '',
    datasetName: row.dataset_name,
    datasetHash: row.dataset_hash,
    imageCount: row.image_count,
    classes: fromJson(row.classes),
    config: toConfig(row.config),
    state: row.state as Run['state'],
    environment: fromJsonOrNull(row.environment),
    epochsDone: row.epochs_done,
    best: fromJsonOrNull(row.best),
    test: fromJsonOrNull(row.test),
    seconds: fromJsonOrNull(row.seconds),
    findings: fromJson(row.findings),
    error: fromJsonOrNull(row.error),
    checkpoint: fromJsonOrNull(row.checkpoint),
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    tags: fromJson(row.tags),
    notes: row.notes,
    starred: row.starred === 1,
    archivedAt: row.archived_at,
    removedAt: row.removed_at,
    imported: fromJsonOrNull(row.imported),
    calibration: fromJsonOrNull(row.calibration),
    ignored: fromJson(row.ignored),
    parent: row.parent
  }
}
