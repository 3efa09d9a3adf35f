/**
 * The tables as the newest migration leaves them. Rows that others refer to have an integer `key` of ours beside the `id`
 * that the outside knows, so that a metric point spends a few bytes on its run and not 36.
 *
 * Nothing that a run was measured on is forgotten: an image is a path with its content. When the content of a path changes or
 * the path is gone, its row is kept with `present = 0` as long as a prediction points to it or a run may still bring one; a
 * removed dataset is kept in the same way, with `removed_at`, as long as it has runs. Retired rows are seen through the runs only.
 */
import type { ColumnType, Generated } from 'kysely'

/** SQLite has no booleans: 0 or 1. */
type Flag = 0 | 1

export interface DatasetTable {
  key: Generated<number>
  id: string
  name: string
  /** Absolute path; unique among the datasets that are not removed. */
  root: string
  source: string
  /** 'importing' | 'ready' */
  state: string
  /** Process that runs the first import. */
  owner_pid: number
  image_count: number
  class_count: number
  bytes: number
  split_source: string
  split_seed: number
  content_hash: string
  /** JSON: Finding[] */
  findings: string
  created_at: number
  updated_at: number
  removed_at: number | null
}

interface ClassTable {
  dataset_key: number
  /** Place of the class among the outputs of a model. */
  position: number
  name: string
}

interface ImageTable {
  id: Generated<number>
  dataset_key: number
  /** Relative to the root, forward slashes. */
  path: string
  label: string
  split: string
  /** SHA-256, hex. */
  hash: string
  width: number
  height: number
  bytes: number
  format: string
  mtime_ms: number
  present: Flag
}

interface RefusedFileTable {
  dataset_key: number
  path: string
  code: string
  message: string
}

/** Of the newest import of each dataset; its refused files are in their own table. */
interface ImportReportTable {
  dataset_key: number
  scanned: number
  imported: number
  added: number
  changed: number
  removed: number
  unchanged: number
  ignored: number
  /** JSON: Finding[] */
  findings: string
  duration_ms: number
  finished_at: number
}

export interface RunTable {
  key: Generated<number>
  id: string
  name: string
  color: number
  /** Null in a run that another program trained. */
  dataset_key: number | null
  dataset_name: string
  dataset_hash: string
  image_count: number
  /** JSON: string[] */
  classes: string
  /** JSON: TrainingConfig */
  config: string
  state: string
  /** Process that watches over it. */
  owner_pid: number
  /** JSON, each, or null */
  environment: string | null
  epochs_done: number
  best: string | null
  test: string | null
  seconds: string | null
  findings: string
  error: string | null
  checkpoint: string | null
  created_at: number
  started_at: number | null
  ended_at: number | null
  /** JSON: string[] */
  tags: Generated<string>
  notes: Generated<string>
  starred: Generated<Flag>
  archived_at: number | null
  removed_at: number | null
  /** JSON, each, or null */
  imported: string | null
  calibration: string | null
  /** JSON: IgnoredFinding[] */
  ignored: Generated<string>
  /** Id of the run that it was duplicated from; no reference, because that run may go. */
  parent: string | null
}

interface MetricPointTable {
  run_key: number
  series: string
  step: number
  epoch: number
  time_ms: number
  /** SQLite stores NaN as NULL; `is_nan` tells a NaN or an infinity from a value that was never there. */
  value: number | null
  is_nan: Flag
}

/** What runs are found by; see run-table/. */
interface RunKeyTable {
  id: Generated<number>
  name: string
  kind: string
}

/** A number has a number, a text a text, a boolean both. */
interface RunValueTable {
  run_key: number
  key_id: number
  number: number | null
  text: string | null
}

interface RunTagTable {
  run_key: number
  tag: string
}

interface RunWordsTable {
  run_key: number
  text: string
}

/** What a series comes to. */
interface RunSeriesTable {
  series: string
  run_key: number
  count: number
  last_step: number
  last: number | null
  min: number | null
  min_step: number | null
  max: number | null
  max_step: number | null
  at_best: number | null
}

/** Its shape; see run-table/spark.ts. */
interface RunSparkTable {
  run_key: number
  series: string
  stride: number
  /** Float32, little-endian. */
  means: Uint8Array
  pending_sum: number
  pending_count: number
}

interface PredictionTable {
  run_key: number
  image_id: number
  split: string
  /** Index into the run's classes, as are `predicted` and the places of `probabilities`. */
  truth: number
  predicted: number
  /** Of the predicted class. */
  probability: number
  /** Of the true class: what the loss is made of. */
  truth_probability: number
  /** Float32, little-endian, one for each class. */
  probabilities: ColumnType<Uint8Array, Uint8Array, never>
}

interface FactTable {
  key: string
  /** JSON */
  value: string
  updated_at: number
}

interface ExplanationTable {
  id: string
  /** 'explanation' or 'advice', which the document is one of. */
  kind: Generated<string>
  state: string
  /** Process that works at it. */
  owner_pid: number
  /** It has the home's one place for training, for the time of an experiment. */
  trains: Generated<Flag>
  /** JSON: Explanation or Advice */
  document: string
  created_at: number
  ended_at: number | null
}

/** Results by what they follow from: explanations share them. */
interface ExperimentTable {
  id: string
  dataset_hash: string
  /** JSON: TrainingConfig */
  config: string
  accuracy: number
  seconds: number
  diverged: Flag
  /** One byte a test image, in the order of paths: 1 where it was right. */
  correct: Uint8Array
  created_at: number
}

export interface Schema {
  datasets: DatasetTable
  classes: ClassTable
  images: ImageTable
  refused_files: RefusedFileTable
  import_reports: ImportReportTable
  runs: RunTable
  metric_points: MetricPointTable
  run_keys: RunKeyTable
  run_values: RunValueTable
  run_tags: RunTagTable
  run_words: RunWordsTable
  run_series: RunSeriesTable
  run_sparks: RunSparkTable
  predictions: PredictionTable
  facts: FactTable
  explanations: ExplanationTable
  experiments: ExperimentTable
}
