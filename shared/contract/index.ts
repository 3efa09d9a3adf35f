/**
 * The contract between the core and its doors. Everything that the renderer or the command line can ask for is here, parsed
 * by zod on both sides. main/router.ts implements it.
 */
import { eventIterator } from '@orpc/contract'
import { z } from 'zod'
import { adviceEventSchema, adviceRequestSchema, adviceSchema } from '../domain/advice'
import { INPUT_SIDES } from '../domain/architectures'
import { augmentationVariantSchema } from '../domain/augmentation'
import { backboneOfferSchema, backboneSchema } from '../domain/backbone'
import { comparisonSchema } from '../domain/comparison'
import { curvesRequestSchema, curvesSchema, MOST_CURVES, seriesCountSchema } from '../domain/curves'
import {
  datasetClassSchema,
  datasetSchema,
  imageFilterSchema,
  imageRecordSchema,
  importReportSchema
} from '../domain/dataset'
import { deviceBenchmarkSchema, deviceReportSchema, speedMeasurementSchema } from '../domain/device'
import { evaluationSchema, predictionFilterSchema, predictionSchema } from '../domain/evaluation'
import {
  explainRequestSchema,
  explanationEventSchema,
  explanationSchema,
  explanationSummarySchema
} from '../domain/explanation'
import { classCurvesSchema, evaluationReportSchema, reportRequestSchema } from '../domain/evaluation-report'
import { flipRequestSchema, flipsSchema } from '../domain/flips'
import { heatMapSchema, heatMethodSchema, pictureSourceSchema, similarImagesSchema } from '../domain/heat'
import { foreignSourceSchema, interopExportSchema, interopImportSchema } from '../domain/interop'
import { diagnosisCodeSchema, preflightEventSchema, runDiagnosisSchema } from '../domain/diagnosis'
import { jobSchema } from '../domain/job'
import { exportResultSchema, imagePredictionSchema } from '../domain/prediction'
import { preprocessingContractSchema } from '../domain/preprocessing'
import { rangeTestEventSchema } from '../domain/range-test'
import { metricPointSchema, runEventSchema, runSchema } from '../domain/run'
import {
  annotateSchema,
  exportTableSchema,
  MOST_ROWS,
  runColumnSchema,
  runQuerySchema,
  runTableSchema
} from '../domain/run-query'
import {
  folderListingSchema,
  settingsChangeSchema,
  settingsSchema,
  systemInfoSchema,
  systemStatusSchema
} from '../domain/system'
import {
  augmentationConfigSchema,
  presetIdSchema,
  trainingConfigSchema,
  trainingModeSchema
} from '../domain/training-config'
import { procedure } from './base'

const page = { offset: z.int().min(0).default(0), limit: z.int().min(1).max(500).default(100) }
const datasetRef = z.object({ datasetId: z.string() })
const modelRef = z.object({ backboneId: z.string().min(1) })
const runRef = z.object({ runId: z.string() })
const comparedRuns = z.object({ runIds: z.array(z.string()).min(2).max(20) })
/** One run, or many at once. */
const runRefs = z.union([
  z.object({ runIds: z.array(z.string()).min(1).max(MOST_ROWS) }),
  runRef.transform(({ runId }) => ({ runIds: [runId] }))
])
const adviceRef = z.object({ adviceId: z.string() })
const explanationRef = z.object({ explanationId: z.string() })

export const contract = {
  system: {
    info: procedure.output(systemInfoSchema),
    /** The current status at once, then again whenever it changes. */
    watch: procedure.output(eventIterator(systemStatusSchema)),
    settings: procedure.output(settingsSchema),
    saveSettings: procedure.input(settingsChangeSchema).output(settingsSchema),
    /** Folders on the studio's machine, for a browser, which cannot pick one itself. Null: the home folder. */
    browse: procedure
      .input(z.object({ path: z.string().nullable(), models: z.boolean().default(false) }))
      .output(folderListingSchema),
    cancelJob: procedure.input(z.object({ jobId: z.string() })).output(z.void())
  },
  datasets: {
    list: procedure.output(z.array(datasetSchema)),
    get: procedure.input(datasetRef).output(datasetSchema),
    classes: procedure.input(datasetRef).output(z.array(datasetClassSchema)),
    images: procedure
      .input(datasetRef.extend({ filter: imageFilterSchema.default({}), ...page }))
      .output(z.object({ total: z.int(), images: z.array(imageRecordSchema) })),
    /** Starts an import and answers at once; the job tells how it goes. */
    import: procedure
      .input(z.object({ path: z.string().min(1), name: z.string().min(1).max(120).optional() }))
      .output(z.object({ dataset: datasetSchema, job: jobSchema })),
    importSample: procedure.output(z.object({ dataset: datasetSchema, job: jobSchema })),
    /** Looks at the folder again and notices what changed. */
    reimport: procedure.input(datasetRef).output(z.object({ dataset: datasetSchema, job: jobSchema })),
    /** Of the newest import. */
    report: procedure.input(datasetRef).output(importReportSchema.nullable()),
    rename: procedure.input(datasetRef.extend({ name: z.string().min(1).max(120) })).output(datasetSchema),
    /** Forgets the dataset. The folder and its files stay as they are. */
    remove: procedure.input(datasetRef).output(z.void())
  },
  models: {
    list: procedure.output(z.array(backboneSchema)),
    get: procedure.input(modelRef).output(backboneSchema),
    /** What can be fetched. */
    offers: procedure.output(z.array(backboneOfferSchema)),
    /** Starts to read a model file or folder; the job tells how it goes, and at its end which backbone came of it. */
    import: procedure
      .input(
        z.object({
          path: z.string().min(1),
          name: z.string().trim().min(1).max(120).optional(),
          architecture: z.string().min(1).max(120).optional(),
          asIs: z.boolean().default(false)
        })
      )
      .output(jobSchema),
    /** Starts to fetch one of `offers`, by the user's own pip. */
    fetch: procedure.input(z.object({ offer: z.string().min(1) })).output(jobSchema),
    /** Starts to build an architecture with weights that were never trained. */
    create: procedure
      .input(
        z.object({
          architecture: z.string().min(1).max(120),
          name: z.string().trim().min(1).max(120).optional(),
          /** Side of the pictures it sees, pixels; left out: that of the published weights. */
          size: z.int().min(INPUT_SIDES.least).max(INPUT_SIDES.most).optional(),
          seed: trainingConfigSchema.shape.seed.default(0)
        })
      )
      .output(jobSchema),
    rename: procedure.input(modelRef.extend({ name: z.string().trim().min(1).max(120) })).output(backboneSchema),
    /** Of an imported backbone: what it sees of a picture. */
    setContract: procedure.input(modelRef.extend({ contract: preprocessingContractSchema })).output(backboneSchema),
    /** Speed on each executor that is there; quick: on what runs it alone. */
    measure: procedure
      .input(modelRef.extend({ quick: z.boolean().default(false) }))
      .output(z.array(speedMeasurementSchema)),
    /** @param force also when runs were trained on it, which could not predict any more */
    remove: procedure.input(modelRef.extend({ force: z.boolean().default(false) })).output(z.void()),
    /** Where a pipeline of `runs.defaults` needs more than a backbone's contract: the picture as the backbone sees it. */
    preview: procedure
      .input(z.object({ backboneId: z.string(), imageId: z.int(), contract: trainingConfigSchema.shape.contract }))
      .output(
        z.object({
          /** The crop on the original, in pixels of the original after rotation. */
          crop: z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() }),
          /** What the backbone sees, as a PNG data address. */
          seen: z.string(),
          /** Range and mean of the numbers that reach the network. */
          range: z.object({ min: z.number(), max: z.number(), mean: z.number() })
        })
      )
  },
  augmentation: {
    /**
     * What training would see: each picture as it is (epoch 0), then `count` augmented ones, the pictures in turn and their
     * epochs one after another.
     */
    preview: procedure
      .input(
        z.object({
          backboneId: z.string(),
          contract: trainingConfigSchema.shape.contract,
          augmentation: augmentationConfigSchema,
          seed: trainingConfigSchema.shape.seed,
          imageIds: z.array(z.int()).min(1).max(9),
          count: z.int().min(1).max(36).default(9)
        })
      )
      .output(z.array(augmentationVariantSchema))
  },
  runs: {
    /** The recommended configuration for a dataset, with the reason for each setting that differs from the schema's default. */
    defaults: procedure
      .input(datasetRef.extend({ mode: trainingModeSchema, preset: presetIdSchema, backboneId: z.string().optional() }))
      .output(z.object({ config: trainingConfigSchema, reasons: z.record(z.string(), z.string()) })),
    /** What a run would take, before it starts. */
    estimate: procedure.input(datasetRef.extend({ config: trainingConfigSchema })).output(
      z.object({
        seconds: z.number().nullable(),
        images: z.int(),
        classes: z.int(),
        cachedFeatures: z.int(),
        /** Why it cannot start now, or null. */
        blocked: z.string().nullable(),
        warnings: z.array(z.string())
      })
    ),
    /** The learning rate range test of a configuration, as it goes; leaving the stream ends it. */
    rangeTest: procedure
      .input(datasetRef.extend({ config: trainingConfigSchema }))
      .output(eventIterator(rangeTestEventSchema)),
    start: procedure
      .input(
        datasetRef.extend({
          name: z.string().min(1).max(120).optional(),
          config: trainingConfigSchema,
          parent: z.string().nullable().optional(),
          /** Findings of the pre-flight that the user knows of, with what was noted. */
          ignored: z.array(z.object({ code: diagnosisCodeSchema, note: z.string().max(500) })).optional()
        })
      )
      .output(runSchema),
    stop: procedure.input(runRef).output(z.void()),
    /** Ends it after its current step, with a checkpoint to go on from. */
    pause: procedure.input(runRef).output(z.void()),
    /** Goes on with a run that was paused or interrupted, from its newest checkpoint. */
    resume: procedure.input(runRef).output(runSchema),
    list: procedure.output(z.array(runSchema)),
    get: procedure.input(runRef).output(runSchema),
    metrics: procedure.input(runRef).output(z.array(metricPointSchema)),
    /** Curves of one series over several runs, cut down to the pixels in view with every extreme kept. */
    curves: procedure.input(curvesRequestSchema).output(curvesSchema),
    /** The series that these runs have, by name. */
    series: procedure
      .input(z.object({ runIds: z.array(z.string()).min(1).max(MOST_CURVES) }))
      .output(z.array(seriesCountSchema)),
    watch: procedure.input(runRef).output(eventIterator(runEventSchema)),
    evaluation: procedure
      .input(runRef.extend({ split: z.enum(['validation', 'test']).default('test') }))
      .output(evaluationSchema.nullable()),
    /** Curves, calibration, coverage and figures by slice; null where there is no prediction. */
    report: procedure.input(reportRequestSchema).output(evaluationReportSchema.nullable()),
    /** The curves of one class, where a report is not `complete`. */
    classCurves: procedure.input(reportRequestSchema.extend({ label: z.string() })).output(classCurvesSchema),
    predictions: procedure
      .input(runRef.extend({ filter: predictionFilterSchema.default({ split: 'test' }), ...page }))
      .output(z.object({ total: z.int(), predictions: z.array(predictionSchema) })),
    rename: procedure.input(runRef.extend({ name: z.string().min(1).max(120) })).output(runSchema),
    /** Fits the temperature on the validation images and keeps it; predictions and exports use it from then on. */
    calibrate: procedure.input(runRef).output(runSchema),
    /** The table: runs that match a filter, in order, a page of them; groups and counts. */
    query: procedure.input(runQuerySchema).output(runTableSchema),
    /** What the table can show, sort and filter by. */
    columns: procedure.output(z.array(runColumnSchema)),
    /** Every run that matches, as the text of a CSV or JSON file. */
    exportTable: procedure.input(exportTableSchema).output(z.string()),
    /** Tags, notes, star and archive, on many runs at once: on all of them or on none. */
    annotate: procedure.input(annotateSchema).output(z.void()),
    /** Takes them out of the lists. */
    remove: procedure.input(runRefs).output(z.void()),
    /** Brings removed runs back. */
    restore: procedure.input(runRefs).output(z.void()),
    /** Deletes removed runs for good, with their files. */
    purge: procedure.input(runRefs).output(z.void())
  },
  compare: {
    /** Test pictures that one of two runs got right and the other wrong, or both wrong in different ways. */
    flips: procedure.input(flipRequestSchema.extend(page)).output(flipsSchema),
    runs: procedure.input(comparedRuns).output(comparisonSchema),
    /** A comparison as one HTML page with everything in it, to send to somebody. */
    report: procedure.input(comparedRuns).output(z.string())
  },
  predictions: {
    /** One picture: an upload's id (see POST /upload) or a path on the studio's machine. */
    image: procedure
      .input(runRef.extend({ source: z.union([z.object({ uploadId: z.string() }), z.object({ path: z.string() })]) }))
      .output(imagePredictionSchema),
    /** Every image of a folder, as they come. */
    folder: procedure
      .input(runRef.extend({ path: z.string() }))
      .output(eventIterator(z.object({ done: z.int(), total: z.int(), predictions: z.array(imagePredictionSchema) }))),
    /** Where a run looks in a picture for a class; null: for the one that it takes it for. Leaving the call ends the work. */
    heatMap: procedure
      .input(
        runRef.extend({
          source: pictureSourceSchema,
          classIndex: z.int().min(0).nullable().default(null),
          method: heatMethodSchema.default('grad-cam'),
          /** With the picture and the map over it as one PNG. */
          overlay: z.boolean().default(false)
        })
      )
      .output(heatMapSchema),
    /** The training images whose features are nearest to those of an image of the run's dataset. */
    similar: procedure
      .input(runRef.extend({ imageId: z.int(), count: z.int().min(1).max(100).default(12) }))
      .output(similarImagesSchema)
  },
  interop: {
    /** Every run of a folder of TensorBoard's or MLflow's; those that were imported before are read again. */
    import: procedure
      .input(z.object({ source: foreignSourceSchema, path: z.string().min(1) }))
      .output(interopImportSchema),
    /** Into a folder of TensorBoard's or MLflow's, beside what is there. */
    export: procedure
      .input(
        z.object({
          source: foreignSourceSchema,
          directory: z.string().min(1),
          runIds: z.array(z.string()).min(1).max(10_000)
        })
      )
      .output(interopExportSchema)
  },
  exports: {
    /** A TF.js LayersModel with labels and contract beside it; reloaded and compared before it is called done. */
    layersModel: procedure.input(runRef.extend({ directory: z.string().min(1) })).output(exportResultSchema)
  },
  explain: {
    /** Plans the experiments and begins; answers at once. */
    start: procedure.input(explainRequestSchema).output(explanationSchema),
    /** As it is now, then whenever it changes, until it is over. */
    watch: procedure.input(explanationRef).output(eventIterator(explanationEventSchema)),
    /** Ends after the experiment that runs, with the best answer so far. */
    stop: procedure.input(explanationRef).output(z.void()),
    get: procedure.input(explanationRef).output(explanationSchema),
    /** Newest first. */
    list: procedure.output(z.array(explanationSummarySchema)),
    /** Its experiments' results stay for others that need them. */
    remove: procedure.input(explanationRef).output(z.void())
  },
  advisor: {
    /** Speeds and accuracies of the backbones at hand on a dataset; answers at once, and with the one that goes on if there is one. */
    start: procedure.input(adviceRequestSchema).output(adviceSchema),
    /** As it is now, then whenever it changes, until it is over. */
    watch: procedure.input(adviceRef).output(eventIterator(adviceEventSchema)),
    /** Ends with the answer so far. */
    stop: procedure.input(adviceRef).output(z.void()),
    /** The newest for a dataset. */
    latest: procedure.input(datasetRef).output(adviceSchema.nullable())
  },
  doctor: {
    /** Checks of a configuration on real pictures as they end, then all findings, ranked; leaving the stream ends it. */
    preflight: procedure
      .input(datasetRef.extend({ config: trainingConfigSchema }))
      .output(eventIterator(preflightEventSchema)),
    /** Of a run that has ended. */
    run: procedure.input(runRef).output(runDiagnosisSchema),
    /** Keeps with a run that a finding is known and accepted. */
    ignore: procedure
      .input(runRef.extend({ code: diagnosisCodeSchema, note: z.string().max(500).default('') }))
      .output(runSchema),
    /**
     * Repairs one of a run's findings: the run ends if it has not, keeping its best epoch, and a new one, its child, is queued with the
     * repaired configuration and goes on from there. Gives back the new one.
     */
    applyAndRestart: procedure.input(runRef.extend({ code: z.string().min(1) })).output(runSchema)
  },
  devices: {
    report: procedure.output(deviceReportSchema),
    /** Looks again, from the top of the ladder. */
    refresh: procedure.output(deviceReportSchema),
    /** Images per second of the frozen backbone on each executor that is there. */
    measure: procedure.output(z.array(speedMeasurementSchema)),
    /** Products of matrices and backbones of three sizes on each executor; about half a minute. */
    benchmark: procedure.output(deviceBenchmarkSchema),
    /** Starts (or retries) preparing the TensorFlow runtime in the background. */
    prepareRuntime: procedure.input(z.object({ flavour: z.enum(['cpu', 'gpu']).default('cpu') })).output(z.void())
  }
}

export type Contract = typeof contract
