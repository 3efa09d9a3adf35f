/** Which words each kind of worker knows, and which of them is its last. */
import type { ZodType } from 'zod'
import type { WorkerKind } from '@shared/worker-protocol/common'
import { doctorMessageSchema, type DoctorMessage, type DoctorRequest } from '@shared/worker-protocol/doctor'
import { importMessageSchema, type ImportMessage, type ImportRequest } from '@shared/worker-protocol/import'
import { inferMessageSchema, type InferMessage, type InferRequest } from '@shared/worker-protocol/infer'
import { modelsMessageSchema, type ModelsMessage, type ModelsRequest } from '@shared/worker-protocol/models'
import { runtimeMessageSchema, type RuntimeMessage, type RuntimeRequest } from '@shared/worker-protocol/runtime'
import { trainMessageSchema, type TrainMessage, type TrainRequest } from '@shared/worker-protocol/train'

interface WorkerWords {
  import: { request: ImportRequest; message: ImportMessage; last: 'finished' }
  train: { request: TrainRequest; message: TrainMessage; last: 'finished' }
  runtime: { request: RuntimeRequest; message: RuntimeMessage; last: 'ready' }
  models: { request: ModelsRequest; message: ModelsMessage; last: 'finished' }
  doctor: { request: DoctorRequest; message: DoctorMessage; last: 'finished' }
  infer: { request: InferRequest; message: InferMessage; last: never }
}

export type RequestTo<K extends WorkerKind> = WorkerWords[K]['request']
export type MessageFrom<K extends WorkerKind> = WorkerWords[K]['message']
/** The message that ends the work well. */
export type LastMessageFrom<K extends WorkerKind> = Extract<MessageFrom<K>, { type: WorkerWords[K]['last'] }>

export const MESSAGE_SCHEMAS: { [K in WorkerKind]: ZodType<MessageFrom<K>> } = {
  import: importMessageSchema,
  train: trainMessageSchema,
  runtime: runtimeMessageSchema,
  infer: inferMessageSchema,
  models: modelsMessageSchema,
  doctor: doctorMessageSchema
}

/** Null: this kind lives until it is ended from outside. */
export const LAST_MESSAGE_TYPE: { [K in WorkerKind]: string | null } = {
  import: 'finished',
  train: 'finished',
  runtime: 'ready',
  infer: null,
  models: 'finished',
  doctor: 'finished'
}
