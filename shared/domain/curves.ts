/** What is asked for and answered when curves are drawn: some series of some runs, cut down to the pixels in view. */
import { z } from 'zod'

/** Steps, epochs (fractional), or seconds since the run began. */
export const curveAxisSchema = z.enum(['step', 'epoch', 'time'])
export type CurveAxis = z.infer<typeof curveAxisSchema>

/** What a band around a mean spans: lowest to highest, or one sample standard deviation (n − 1) to either side. */
export const bandKindSchema = z.enum(['range', 'deviation'])
export type BandKind = z.infer<typeof bandKindSchema>

/** As many runs as one request may name. */
export const MOST_CURVES = 200

const runIds = z.array(z.string()).max(MOST_CURVES)

export const curvesRequestSchema = z
  .object({
    /** A curve for each of these. */
    runIds: runIds.default([]),
    /** A mean with its band for each of these sets of runs. */
    groups: z.array(runIds.min(1)).max(MOST_CURVES).default([]),
    series: z.string().min(1).max(1000),
    x: curveAxisSchema.default('step'),
    /** The range in view; null: from the beginning, to the end. */
    from: z.number().nullable().default(null),
    to: z.number().nullable().default(null),
    /** Columns of the plot: what falls into one is cut down to its first, lowest, highest and last point. */
    pixels: z.int().min(1).max(10_000),
    /** Whether x is drawn logarithmic: the columns are then equally wide there. */
    logX: z.boolean().default(false),
    /** Weight of a moving average over the whole series (see shared/curves/smooth.ts); 0: none. */
    smoothing: z.number().min(0).max(0.999).default(0),
    band: bandKindSchema.default('range')
  })
  .refine(({ runIds, groups }) => runIds.length + groups.flat().length > 0, { error: 'no run is asked for' })
  .refine(({ runIds, groups }) => runIds.length + groups.flat().length <= MOST_CURVES, {
    error: `more than ${MOST_CURVES} runs are asked for`
  })
  .refine(({ from, to }) => from === null || to === null || from < to, { error: 'the range is empty', path: ['to'] })
export type CurvesRequest = z.infer<typeof curvesRequestSchema>

/**
 * Numbers as base64 of little-endian Float64, which is quicker to write and to read than arrays of numbers. The core itself has
 * written it: looking through megabytes of it once more would take longer than to cut the curves.
 */
const columnSchema = z.string()

/** Points ascending in x; y is NaN where the value was not finite: a gap. */
const packedPointsSchema = z.object({ x: columnSchema, y: columnSchema })
export type PackedPoints = z.infer<typeof packedPointsSchema>

export const curvesSchema = z.object({
  /** First and last x of the whole series over all runs asked for; null when none has a point. */
  bounds: z.tuple([z.number(), z.number()]).nullable(),
  /** In the order asked for. A run without this series has no points. */
  curves: z.array(
    z.object({
      runId: z.string(),
      /** Points of the whole series, before it was cut down. */
      count: z.int(),
      points: packedPointsSchema,
      /** Null without smoothing. */
      smoothed: packedPointsSchema.nullable()
    })
  ),
  /** In the order asked for. Means are taken step by step over the runs that have a finite value there. */
  groups: z.array(
    z.object({
      /** Runs of the group that have this series. */
      runs: z.int(),
      mean: packedPointsSchema,
      band: z.object({ x: columnSchema, low: columnSchema, high: columnSchema })
    })
  )
})
export type Curves = z.infer<typeof curvesSchema>

/** A series' name, and how many of the runs asked for have it. */
export const seriesCountSchema = z.object({ name: z.string(), runs: z.int() })
export type SeriesCount = z.infer<typeof seriesCountSchema>
