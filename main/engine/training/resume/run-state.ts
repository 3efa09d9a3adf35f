/** What a checkpoint says of the run around the training loop. The loop's own words are its own business. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { runCheckpointSchema, runSchema } from '@shared/domain/run'
import { errorDataSchema, StudioError } from '@shared/errors'
import type { TrainJob } from '@shared/worker-protocol/train'

const bestEpochSchema = z.object({ epoch: z.int(), validationLoss: z.number(), validationAccuracy: z.number() })

export const recorderStateSchema = z.object({
  firstStep: z.int(),
  firstEpoch: z.int(),
  /** Steps that wait to be averaged into one point. */
  group: z.object({ loss: z.number(), count: z.int() }),
  speed: z.number().nullable()
})
export type RecorderState = z.infer<typeof recorderStateSchema>

/** SHA-256 in hex of what a run is computed from: a checkpoint fits no other. */
const identitySchema = z.object({
  dataset: z.string(),
  split: z.string(),
  backbone: z.string(),
  /** Configuration, preprocessing contract, and the classes in their order. */
  settings: z.string()
})
export type RunIdentity = z.infer<typeof identitySchema>

export const runStateSchema = z.object({
  version: z.literal(1),
  runId: z.string(),
  identity: identitySchema,
  mark: runCheckpointSchema,
  /** The phase that goes on; `evaluate`: training is over. */
  phase: z.enum(['head', 'finetune', 'evaluate']),
  elapsedMs: z.number(),
  /** Part of it that was training. */
  trainMs: z.number(),
  featureSeconds: z.number(),
  books: z.object({ steps: z.int(), epochs: z.int(), best: runSchema.shape.best }),
  /** Null at the beginning of a phase. */
  recorder: recorderStateSchema.nullable(),
  /** `LoopState.json`; its tensors are named `loop/NAME`. Null at the beginning of a phase. */
  loop: z.record(z.string(), z.unknown()).nullable(),
  /** Of the weights that the phase before handed on, named as in a finished run's checkpoint; null in the first phase. */
  kept: bestEpochSchema.nullable(),
  unreadable: z.array(z.object({ id: z.int(), path: z.string(), error: errorDataSchema }))
})
export type RunState = z.infer<typeof runStateSchema>

const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** Which image is in which split, whatever order they come in. */
export const splitHash = (images: TrainJob['images']): string =>
  sha256(images.map(({ path, hash, split }) => [path, hash, split].join('\0')).sort())

export function identityOf(
  { datasetHash, images, config, contract, classes }: TrainJob,
  backboneHash: string
): RunIdentity {
  return {
    dataset: datasetHash,
    split: splitHash(images),
    backbone: backboneHash,
    settings: sha256([config, contract, classes])
  }
}

/** @throws StudioError run/dataset-changed, run/backbone-changed, run/not-resumable */
export function assertSame(before: RunIdentity, now: RunIdentity): void {
  if (before.dataset !== now.dataset || before.split !== now.split) {
    throw new StudioError('run/dataset-changed', 'The images, labels or splits have changed since the run began.')
  }
  if (before.backbone !== now.backbone) {
    throw new StudioError('run/backbone-changed', 'The backbone has other weights than when the run began.')
  }
  if (before.settings !== now.settings) {
    throw new StudioError('run/not-resumable', 'The checkpoint is of a run with other settings or classes.')
  }
}
