/** The table of runs: what is asked for, and what is answered. */
import { z } from 'zod'
import { runStateSchema } from './run'
import { scalarSchema, tagSchema } from './run-annotations'

/**
 * What a column is called, and a filter compares: a setting (`head.learningRate`), a fact (`dataset`, `backbone`, `preset`, `device`,
 * `seed`, `seedGroup`, `created`, `test.accuracy`, `seconds.total`, …), a setting of an imported run (`imported.lr`), or a value of a
 * series: `best.validation_loss` (the lowest of a loss, the highest of a score), `last.…`, `min.…`, `max.…`, and `atBest.…`, its value
 * at the step with the lowest validation loss.
 */
const keySchema = z.string().min(1).max(300)

/** What a series is summed up by. */
export const SERIES_VALUES = ['best', 'last', 'min', 'max', 'atBest'] as const
export type SeriesValue = (typeof SERIES_VALUES)[number]

/** What is counted beside a table, unless something else is asked for. */
export const DEFAULT_FACETS = ['state', 'dataset', 'backbone', 'mode', 'preset', 'device', 'source', 'tag']

/** What the mean of a group is taken of, unless columns are named. */
export const DEFAULT_MEASURES = [
  'test.accuracy',
  'test.loss',
  'best.validation_accuracy',
  'best.validation_loss',
  'seconds.total'
]

export const MOST_ROWS = 10_000

const questionShape = {
  /** See shared/query. */
  filter: z.string().max(4000).default(''),
  /** `no`: neither archived nor removed. `all`: archived or not. `removed`: those alone that are removed. */
  archived: z.enum(['no', 'yes', 'all', 'removed']).default('no'),
  /** Runs without a value come last, whichever way. Newest first where nothing else decides. */
  sort: z
    .array(z.object({ key: keySchema, descending: z.boolean().default(false) }))
    .max(8)
    .default([])
}

export const runQuerySchema = z.object({
  ...questionShape,
  groupBy: z.array(keySchema).min(1).max(6).nullable().default(null),
  offset: z.int().min(0).default(0),
  limit: z.int().min(0).max(MOST_ROWS).default(100),
  /** Whose values a row brings, and a group the means of; null: all that a run has, and the means of `DEFAULT_MEASURES`. */
  columns: z.array(keySchema).max(300).nullable().default(null),
  /** Keys whose values are counted over all runs that match. */
  facets: z.array(keySchema).max(40).default(DEFAULT_FACETS),
  /** Series that `spark` draws; null: the validation loss or what comes nearest to it. */
  sparkSeries: z.string().max(250).nullable().default(null)
})
export type RunQuery = z.infer<typeof runQuerySchema>

export const runSourceSchema = z.enum(['studio', 'tensorboard', 'mlflow'])

export const runRowSchema = z.object({
  id: z.string(),
  name: z.string(),
  color: z.int(),
  state: runStateSchema,
  source: runSourceSchema,
  /** Empty in an imported run. */
  datasetId: z.string(),
  datasetName: z.string(),
  createdAt: z.int(),
  tags: z.array(tagSchema),
  notes: z.string(),
  starred: z.boolean(),
  archived: z.boolean(),
  removed: z.boolean(),
  /** By key; without a value: not there, or null where the column was asked for. */
  values: z.record(z.string(), scalarSchema),
  /** At most 40 values from the first step to the last, each the mean of as many points. */
  spark: z.array(z.number())
})
export type RunRow = z.infer<typeof runRowSchema>

const measureSchema = z.object({
  /** Runs that have a finite value. */
  count: z.int(),
  mean: z.number(),
  /** Of the sample (n − 1); null of a single run. */
  deviation: z.number().nullable(),
  min: z.number(),
  max: z.number()
})

export const runGroupSchema = z.object({
  /** Of each key that it was grouped by. */
  values: z.record(z.string(), scalarSchema),
  count: z.int(),
  runIds: z.array(z.string()),
  /** By key; not there where no run of the group has a value. */
  measures: z.record(z.string(), measureSchema)
})
export type RunGroup = z.infer<typeof runGroupSchema>

export const runTableSchema = z.object({
  /** Runs that match, on whatever page. */
  total: z.int(),
  rows: z.array(runRowSchema),
  /** Ordered by the same keys, of measures by their mean; the largest first where nothing else decides. Null when not asked for. */
  groups: z.array(runGroupSchema).nullable(),
  /** Most frequent first, at most 50 values a key. Runs without a value are not counted. */
  facets: z.array(z.object({ key: z.string(), values: z.array(z.object({ value: scalarSchema, count: z.int() })) }))
})
export type RunTable = z.infer<typeof runTableSchema>

/** A key that some run has a value for. */
export const runColumnSchema = z.object({
  key: z.string(),
  kind: z.enum(['number', 'text', 'boolean']),
  /** `setting`: of the configuration; `fact`: known when the run began, or by now; `metric`: what it achieved. */
  group: z.enum(['setting', 'fact', 'metric']),
  /** Whether two runs differ in it. */
  varies: z.boolean()
})
export type RunColumn = z.infer<typeof runColumnSchema>

export const annotateSchema = z.object({
  runIds: z.array(z.string()).min(1).max(MOST_ROWS),
  tags: z.object({ add: z.array(tagSchema).default([]), remove: z.array(tagSchema).default([]) }).optional(),
  notes: z.string().max(100_000).optional(),
  starred: z.boolean().optional(),
  archived: z.boolean().optional()
})
export type RunAnnotation = Omit<z.infer<typeof annotateSchema>, 'runIds'>

export const exportTableSchema = z.object({
  ...questionShape,
  /** In this order, after id and name; null: every key that a run of the table has. */
  columns: z.array(keySchema).max(2000).nullable().default(null),
  format: z.enum(['csv', 'json'])
})
export type ExportTable = z.infer<typeof exportTableSchema>
