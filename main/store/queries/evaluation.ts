/** What a finished run's figures are made of: whole columns of its predictions, and counts by the traits of the images. */
import { sql } from 'kysely'
import { IMAGE_TRAITS } from '@shared/domain/image-trait'
import type { Connection } from '../database'
import type { PairedPredictions, RunStore, SplitProbabilities } from '../store'
import { asPrediction, runRow, selectPredictions } from './predictions'
import { imageHasTrait, TRAIT_CONDITIONS } from './traits'

type Queries = Pick<RunStore, 'probabilities' | 'traitCounts' | 'pairedPredictions' | 'predictionsOf'>

/** Images are matched by content; those that occur several times in a split, in the order of their paths. */
const keyed = (runKey: number) => sql`
  select predictions.image_id, predictions.truth, predictions.predicted, predictions.probability, images.hash,
    row_number() over (partition by images.hash order by images.path) as nth
  from predictions join images on images.id = predictions.image_id
  where predictions.run_key = ${runKey} and predictions.split = 'test'`

export function evaluationQueries({ db }: Connection): Queries {
  return {
    probabilities: async (id, split, { label, trait } = {}) => {
      const run = await runRow(db, id)
      let query = db
        .selectFrom('predictions')
        .select(['image_id as imageId', 'truth', 'probabilities'])
        .where('run_key', '=', run.key)
        .where('split', '=', split)
      if (label !== undefined) query = query.where('truth', '=', run.classes.indexOf(label))
      if (trait) query = query.where(imageHasTrait(trait))
      const rows = await query.orderBy('image_id').execute()
      const width = run.classes.length
      const columns: SplitProbabilities = {
        imageIds: Int32Array.from(rows, ({ imageId }) => imageId),
        truth: Int32Array.from(rows, ({ truth }) => truth),
        probabilities: new Float32Array(rows.length * width)
      }
      // As they lie in the database: little-endian, like every machine that the studio runs on.
      const bytes = new Uint8Array(columns.probabilities.buffer)
      rows.forEach(({ probabilities: blob }, row) => bytes.set(blob, row * 4 * width))
      return columns
    },

    traitCounts: async (id, split, label) => {
      const run = await runRow(db, id)
      const right = sql`predictions.truth = predictions.predicted`
      let query = db
        .selectFrom('predictions')
        .innerJoin('images', 'images.id', 'predictions.image_id')
        .where('predictions.run_key', '=', run.key)
        .where('predictions.split', '=', split)
        .select(
          IMAGE_TRAITS.flatMap((trait) => [
            sql<number | null>`sum(${TRAIT_CONDITIONS[trait]})`.as(trait),
            sql<number | null>`sum(${TRAIT_CONDITIONS[trait]} and ${right})`.as(`${trait} right` as const)
          ])
        )
      if (label !== undefined) query = query.where('predictions.truth', '=', run.classes.indexOf(label))
      const row = await query.executeTakeFirstOrThrow()
      return IMAGE_TRAITS.map((trait) => ({ trait, count: row[trait] ?? 0, right: row[`${trait} right`] ?? 0 }))
    },

    pairedPredictions: async (a, b) => {
      const [first, second] = [await runRow(db, a), await runRow(db, b)]
      const { rows } = await sql<Record<string, number>>`
        with a as (${keyed(first.key)}), b as (${keyed(second.key)})
        select a.image_id as imageA, b.image_id as imageB, a.truth as truthA, b.truth as truthB,
          a.predicted as predictedA, b.predicted as predictedB, a.probability as probabilityA,
          b.probability as probabilityB
        from a join b on b.hash = a.hash and b.nth = a.nth
        order by a.image_id`.execute(db)
      const whole = (name: string): Int32Array => Int32Array.from(rows, (row) => row[name]!)
      const real = (name: string): Float64Array => Float64Array.from(rows, (row) => row[name]!)
      const side = (letter: 'A' | 'B'): PairedPredictions['a'] => ({
        imageIds: whole(`image${letter}`),
        truth: whole(`truth${letter}`),
        predicted: whole(`predicted${letter}`),
        probability: real(`probability${letter}`)
      })
      return { a: side('A'), b: side('B') }
    },

    predictionsOf: async (id, split, imageIds) => {
      if (imageIds.length === 0) return []
      const run = await runRow(db, id)
      const rows = await selectPredictions(db)
        .where('predictions.run_key', '=', run.key)
        .where('predictions.split', '=', split)
        .where('predictions.image_id', 'in', imageIds)
        .execute()
      const byId = new Map(rows.map((row) => [row.id, asPrediction(row, run)]))
      return imageIds.flatMap((imageId) => byId.get(imageId) ?? [])
    }
  }
}
