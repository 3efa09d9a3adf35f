/**
 * What the unfrozen end of the network reads, batch by batch: pictures, mixed where the configuration says so, through the
 * frozen beginning of the network, whose answers are kept on disk where they are the same every epoch.
 */
import { tmpdir } from 'node:os'
import { StudioError } from '@shared/errors'
import type { TrainingConfig } from '@shared/domain/training-config'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { isAugmenting } from '../../data/augment/draw'
import { mapAhead } from '../../data/map-ahead'
import type { FrozenNetwork } from '../../executors/executor'
import { ActivationFile } from './activation-file'
import { epochOrder } from './batches'
import {
  openPixelInputs,
  openTrainingInputs,
  type InputBatch,
  type InputValues,
  type TrainingBatch,
  type TrainingInputsOptions
} from './image-inputs'
import { isMixing, mixBatch, type Mix } from './mix'
import { runPrefix } from './run-prefix'

export interface LearningBatch extends TrainingBatch {
  /** Null: the pictures are as they are. */
  mix: Mix | null
  /** Of the time that it takes to have it, what its pictures take and not the frozen layers; left out: all of it. */
  pictureShare?: number
}

export interface StepInputs {
  /** Of one image, as the unfrozen part reads it. */
  readonly shape: readonly [number, number, number]
  /** Micro-batches of an epoch. */
  readonly batchesPerEpoch: number
  /** The batches of an epoch (counted from 1), the next ones in the making while the caller is busy with one. */
  epoch(epoch: number): AsyncGenerator<LearningBatch>
  /** Batches as evaluation sees them. */
  evaluation(images: readonly LabelledImage[], batchSize: number): AsyncGenerator<InputBatch>
  close(): Promise<void>
}

export interface StepInputsOptions extends Omit<TrainingInputsOptions, 'augmentation' | 'seed' | 'batchSize'> {
  config: TrainingConfig
  /** Null when the whole backbone is unfrozen. Stays the caller's. */
  prefix: FrozenNetwork | null
}

/** Batches of activations that may lie ready. */
const AHEAD_BATCHES = 3

/** @throws StudioError config/invalid when the prefix's answers are to be kept, but differ from epoch to epoch */
export async function openStepInputs(options: StepInputsOptions): Promise<StepInputs> {
  const { config, prefix } = options
  const { augmentation, seed, fineTune } = config
  const mixes = isMixing(fineTune)
  const varies = isAugmenting(augmentation) || mixes
  if (prefix && varies && fineTune.cachePrefix === 'on') throw cannotKeep()
  const { batchSize } = fineTune
  const source = { ...options, augmentation, seed, batchSize }
  /** Mixes in place; null: the pictures stay as they are. */
  const mix = ({ values, images, step }: TrainingBatch<InputValues>, epoch: number): Mix | null =>
    mixes && images.length > 1 && values instanceof Float32Array
      ? mixBatch(values, options.contract.size, fineTune, { seed, epoch, batch: step })
      : null
  if (!prefix) {
    const pictures = await openTrainingInputs(source)
    return {
      shape: pictures.shape,
      batchesPerEpoch: pictures.stepsPerEpoch,
      epoch: async function* (epoch) {
        for await (const batch of pictures.epoch(epoch)) yield { ...batch, mix: mix(batch, epoch) }
      },
      evaluation: (images, size) => pictures.evaluation(images, size),
      close: () => pictures.close()
    }
  }

  // What is mixed of two pictures lies between their bytes.
  const pictures = await (prefix.runPictures && !mixes ? openPixelInputs : openTrainingInputs)(source)
  const shape = prefix.outputShape as [number, number, number]
  const width = shape.reduce((product, side) => product * side, 1)
  const kept = fineTune.cachePrefix === 'off' ? null : await openKept(options.decodedDirectory, width)
  const through = runPrefix(prefix, options.contract)
  /** Of images as evaluation sees them. */
  const plain = async (images: readonly LabelledImage[]): Promise<InputBatch & { pictureShare: number }> => {
    const startedAt = performance.now()
    let networkMs = 0
    const fresh = new Map<number, Float32Array>()
    const missing = images.filter(({ id }) => !kept?.has(id))
    if (missing.length > 0) {
      const made = await pictures.plain(missing)
      const madeAt = performance.now()
      const values = await through(made.values, made.images.length)
      networkMs = performance.now() - madeAt
      made.images.forEach(({ id }, place) => fresh.set(id, values.subarray(place * width, (place + 1) * width)))
      for (const [id, row] of fresh) await kept?.offer(id, row)
    }
    const readable = images.filter(({ id }) => fresh.has(id) || kept?.has(id))
    const values = new Float32Array(readable.length * width)
    await Promise.all(
      readable.map(async ({ id }, place) => {
        const own = fresh.get(id)
        const out = values.subarray(place * width, (place + 1) * width)
        if (own) out.set(own)
        else await kept!.read(id, out)
      })
    )
    const wholeMs = performance.now() - startedAt
    return { images: readable, values, pictureShare: wholeMs > 0 ? 1 - networkMs / wholeMs : 1 }
  }
  const ahead = <T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> =>
    mapAhead(items, work, { concurrency: AHEAD_BATCHES, ahead: AHEAD_BATCHES })

  async function* varying(epoch: number): AsyncGenerator<LearningBatch> {
    const passed = async (batch: TrainingBatch<InputValues>): Promise<LearningBatch> => ({
      ...batch,
      mix: mix(batch, epoch),
      values: await through(batch.values, batch.images.length)
    })
    // One in the network while the caller trains on the one before.
    let next: Promise<LearningBatch> | null = null
    let askedAt = performance.now()
    for await (const batch of pictures.epoch(epoch)) {
      const pictureMs = performance.now() - askedAt
      const begun = passed(batch)
      begun.catch(() => undefined)
      if (next) {
        const ready = await next
        yield { ...ready, pictureShare: pictureMs / Math.max(performance.now() - askedAt, 1e-9) }
      }
      next = begun
      askedAt = performance.now()
    }
    if (next) yield await next
  }

  function same(epoch: number): AsyncGenerator<LearningBatch> {
    const order = epochOrder(options.train, batchSize, seed, epoch, options.sampling)
    const first = options.startAt?.epoch === epoch ? options.startAt.step : 0
    const steps = Array.from({ length: Math.max(0, order.batchCount - first) }, (_, index) => first + index)
    return ahead(steps, async (step) => ({
      step,
      mix: null,
      ...(await plain(order.batch(step).map(({ image }) => image)))
    }))
  }

  return {
    shape,
    batchesPerEpoch: pictures.stepsPerEpoch,
    epoch: varies ? varying : same,
    evaluation: (images, size) => {
      const starts = Array.from({ length: Math.ceil(images.length / size) }, (_, index) => index * size)
      return ahead(starts, (start) => plain(images.slice(start, start + size)))
    },
    async close() {
      await pictures.close()
      await through.idle()
      await kept?.close()
    }
  }
}

const openKept = (directory: string | null, width: number): Promise<ActivationFile> =>
  ActivationFile.open(directory ?? tmpdir(), width)

const cannotKeep = (): StudioError =>
  new StudioError(
    'config/invalid',
    "The setting 'fineTune.cachePrefix' is not valid: what the frozen layers give cannot be kept, because augmentation, mixup or " +
      "CutMix shows them another picture every epoch. Set it to 'auto', or switch those off.",
    { key: 'fineTune.cachePrefix' }
  )
