/** The doctor's worker: examines one configuration on real pictures, or one run that has ended, and ends with its diagnosis. */
import { z } from 'zod'
import { deviceReportSchema } from '../domain/device'
import {
  confusedPairSchema,
  diagnosisCheckSchema,
  diagnosisFindingSchema,
  diagnosisSchema,
  runDiagnosisSchema
} from '../domain/diagnosis'
import { metricPointSchema, runSchema } from '../domain/run'
import { workerFailedSchema } from './common'
import { trainJobSchema } from './train'

/** A backbone that the configuration's own may be compared with. */
export const rivalSchema = z.object({
  id: z.string(),
  name: z.string(),
  form: z.enum(['graph', 'onnx', 'saved-model']),
  trainable: z.boolean(),
  /** Id of the built-in architecture; null where it is none. */
  architecture: z.string().nullable(),
  multiplyAdds: z.int().nullable(),
  /** Measured here; null: not yet. */
  msPerImage: z.number().nullable()
})
export type Rival = z.infer<typeof rivalSchema>

export const doctorJobSchema = z.object({
  /** What would be trained; folders of the run itself are not used. */
  train: trainJobSchema,
  device: deviceReportSchema.pick({ cpu: true, gpu: true, ladder: true, frozen: true, why: true, runtime: true }),
  /** Other backbones at hand. */
  rivals: z.array(rivalSchema),
  /** Of the configuration's own backbone; null: not measured yet. */
  msPerImage: z.number().nullable(),
  /** Small pictures by content hash, for the search for duplicates; those that are missing are left out. */
  thumbnailDirectory: z.string()
})
export type DoctorJob = z.infer<typeof doctorJobSchema>

/** A run that has ended, with what is left of it. */
export const examinedRunSchema = z.object({
  run: runSchema,
  points: z.array(metricPointSchema),
  confused: z.array(confusedPairSchema),
  /** Its configuration on its dataset as it is now; null where either is gone. */
  job: doctorJobSchema.nullable()
})
export type ExaminedRun = z.infer<typeof examinedRunSchema>

export const doctorRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('preflight'), jobFile: z.string() }),
  z.object({ type: z.literal('run'), jobFile: z.string() }),
  z.object({ type: z.literal('stop') })
])
export type DoctorRequest = z.infer<typeof doctorRequestSchema>

export const doctorMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('phase'), text: z.string() }),
  /** A check has ended, with what it found. */
  z.object({ type: z.literal('check'), check: diagnosisCheckSchema, findings: z.array(diagnosisFindingSchema) }),
  z.object({ type: z.literal('finished'), diagnosis: z.union([runDiagnosisSchema, diagnosisSchema]) }),
  workerFailedSchema
])
export type DoctorMessage = z.infer<typeof doctorMessageSchema>
