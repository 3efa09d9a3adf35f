/** What a finished run says of each image. The image's row is kept as it was, whatever becomes of the dataset (see schema.ts). */
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely'
import type { Split } from '@shared/domain/dataset'
import type { Guess, Prediction, PredictionFilter } from '@shared/domain/evaluation'
import type { Run } from '@shared/domain/run'
import type { Calibration } from '@shared/domain/run-annotations'
import { evaluate } from '@shared/statistics/evaluate'
import { applyTemperature } from '@shared/statistics/temperature'
import type { Connection } from '../database'
import { fromJson, fromJsonOrNull } from '../json'
import { readPredictionsFile } from '../predictions-file'
import type { Schema } from '../schema'
import type { RunStore } from '../store'
import { toImage } from './rows'
import { runNotFound } from './runs'
import { imageHasTrait } from './traits'

type Queries = Pick<RunStore, 'ingestPredictions' | 'evaluation' | 'predictions' | 'testOutcomes'>

/** How many guesses a gallery shows of each image. */
const TOP = 5

const INSERT = `
  insert into predictions (run_key, image_id, split, truth, predicted, probability, truth_probability, probabilities)
  values (?, ?, ?, ?, ?, ?, ?, ?)`

export interface RunRow {
  key: number
  id: string
  datasetId: string
  classes: string[]
  /** Of its calibration, or 1. */
  temperature: number
}

/** @throws StudioError run/not-found */
export async function runRow(db: Connection['db'], id: string): Promise<RunRow> {
  const row = await db
    .selectFrom('runs')
    .leftJoin('datasets', 'datasets.key', 'runs.dataset_key')
    .select(['runs.key', 'runs.id', 'runs.classes', 'runs.calibration', 'datasets.id as datasetId'])
    .where('runs.id', '=', id)
    .executeTakeFirst()
  if (!row) throw runNotFound(id)
  const { key, datasetId, calibration } = row
  const { temperature } = fromJsonOrNull<Calibration>(calibration) ?? { temperature: 1 }
  return { key, id: row.id, datasetId: datasetId ?? '', classes: fromJson<Run['classes']>(row.classes), temperature }
}

/** The five most probable classes, best first, with calibrated probabilities where the run is calibrated. */
function topGuesses(blob: Uint8Array, { classes, temperature }: RunRow): Guess[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  const stored = Float32Array.from(classes, (_, index) => view.getFloat32(4 * index, true))
  const probabilities = temperature === 1 ? stored : applyTemperature(stored, classes.length, temperature)
  return classes
    .map((label, index) => ({ label, probability: probabilities[index]! }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, TOP)
}

/** Predictions with their images; to be narrowed down. */
export const selectPredictions = (db: Connection['db']) =>
  db
    .selectFrom('predictions')
    .innerJoin('images', 'images.id', 'predictions.image_id')
    .selectAll('images')
    .select([
      'predictions.split as asked_split',
      'predictions.truth',
      'predictions.predicted',
      'predictions.probability',
      'predictions.probabilities'
    ])

type PredictionRow = Awaited<ReturnType<ReturnType<typeof selectPredictions>['execute']>>[number]

export function asPrediction(row: PredictionRow, run: RunRow): Prediction {
  const truth = run.classes[row.truth]!
  // Label, class and split as the run knew them: the dataset may have changed since.
  const image = { ...row, label: truth, split: row.asked_split, dataset_id: run.datasetId, class_index: row.truth }
  const top = topGuesses(row.probabilities, run)
  return {
    image: toImage(image),
    truth,
    predicted: run.classes[row.predicted]!,
    confidence: top[0]!.probability,
    correct: row.truth === row.predicted,
    top
  }
}

export function predictionQueries({ db, sqlite }: Connection): Queries {
  const matches =
    (run: RunRow, { split, truth, predicted, wrongOnly, trait }: PredictionFilter) =>
    (eb: ExpressionBuilder<Schema, 'predictions'>) => {
      const conditions: Expression<SqlBool>[] = [
        eb('predictions.run_key', '=', run.key),
        eb('predictions.split', '=', split)
      ]
      // A label that the run does not know has the index −1, and no predictions.
      if (truth !== undefined) conditions.push(eb('predictions.truth', '=', run.classes.indexOf(truth)))
      if (predicted !== undefined) conditions.push(eb('predictions.predicted', '=', run.classes.indexOf(predicted)))
      if (trait) conditions.push(imageHasTrait(trait))
      if (wrongOnly) conditions.push(sql<SqlBool>`predictions.truth <> predictions.predicted`)
      return eb.and(conditions)
    }

  return {
    ingestPredictions: async (id, file) => {
      const run = await runRow(db, id)
      const rows = await readPredictionsFile(file, run.classes.length)
      const insert = sqlite.prepare(INSERT)
      const replaceAll = sqlite.transaction(() => {
        sqlite.prepare('delete from predictions where run_key = ?').run(run.key)
        for (const { imageId, split, truth, predicted, probability, truthProbability, blob } of rows) {
          insert.run(run.key, imageId, split, truth, predicted, probability, truthProbability, blob)
        }
      })
      replaceAll.immediate()
    },

    evaluation: async (id, split) => {
      const run = await runRow(db, id)
      const rows = await db
        .selectFrom('predictions')
        .select(['truth', 'predicted', 'truth_probability as truthProbability'])
        .where('run_key', '=', run.key)
        .where('split', '=', split)
        .execute()
      return rows.length === 0 ? null : evaluate(run.id, split, run.classes, rows)
    },

    predictions: async (id, filter, offset, limit) => {
      const run = await runRow(db, id)
      const { total } = await db
        .selectFrom('predictions')
        .where(matches(run, filter))
        .select(({ fn }) => fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow()
      // Of mistakes the most certain first, of what was right the least certain first; or the other way about.
      const doubt = sql`iif(predictions.truth = predictions.predicted, predictions.probability, -predictions.probability)`
      const rows = await selectPredictions(db)
        .where(matches(run, filter))
        .orderBy(sql`predictions.truth = predictions.predicted`)
        .orderBy(filter.order === 'least-sure' ? sql`-${doubt}` : doubt)
        .orderBy('predictions.image_id')
        .offset(offset)
        .limit(limit)
        .execute()
      const predictions = rows.map((row) => asPrediction(row, run))
      return { total, predictions }
    },

    testOutcomes: async (id) => {
      const run = await runRow(db, id)
      const test: Split = 'test'
      const rows = await db
        .selectFrom('predictions')
        .innerJoin('images', 'images.id', 'predictions.image_id')
        .select(['images.id as imageId', 'images.hash', 'images.path', 'predictions.truth', 'predictions.predicted'])
        .where('predictions.run_key', '=', run.key)
        .where('predictions.split', '=', test)
        .orderBy('images.path')
        .execute()
      return rows.map((row) => ({ ...row, correct: row.truth === row.predicted }))
    }
  }
}
