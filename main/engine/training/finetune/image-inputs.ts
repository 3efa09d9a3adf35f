/**
 * From images to what the unfrozen end of the network reads: decode, augment, and the frozen beginning of the network on the
 * executor for frozen parts. Pictures are made on threads of their own, ahead of the step that eats them; decoded ones are kept
 * on disk, and activations that come out the same every epoch in memory as far as they fit.
 */
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { AugmentationConfig, BalanceConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { drawSteps, isAugmenting, marginOf } from '../../data/augment/draw'
import type { AugmentStep } from '../../data/augment/steps'
import { mapAhead } from '../../data/map-ahead'
import type { FrozenNetwork } from '../../executors/executor'
import { epochOrder, type DrawnImage } from './batches'
import { BoundedCache } from './bounded-cache'
import { openExamples, type Examples } from './examples'

/** Of activations: about 3,000 of 14 × 14 × 112. */
const CACHE_BYTES = 256 * 2 ** 20
/** Pictures that may lie ready or be in the making before they are asked for; at least one batch beyond the one in use. */
const AHEAD_IMAGES = 64

export interface TrainingInputsOptions {
  contract: PreprocessingContract
  augmentation: AugmentationConfig
  seed: number
  datasetRoot: string
  /** Null when the whole backbone is unfrozen. */
  prefix: FrozenNetwork | null
  /** To learn from. */
  train: readonly LabelledImage[]
  /** To evaluate on. */
  validation: readonly LabelledImage[]
  batchSize: number
  sampling?: BalanceConfig['sampling']
  /** Where to go on; left out: from the first batch of epoch 1. `step` counts the batches of that epoch that are done. */
  startAt?: { epoch: number; step: number }
  /** Threads to make examples on. */
  threads: number
  /** Folder for decoded pictures; null: none are kept. */
  decodedDirectory: string | null
  /** Of all decoded pictures together. */
  decodedLimitBytes?: number
  onUnreadable: (image: LabelledImage, error: StudioError) => void
  /** What does not end the training, but makes it slower. Left out: the process's error output. */
  onNotice?: (text: string) => void
}

export interface InputBatch {
  /** Those that could be read, in the order given. */
  images: LabelledImage[]
  /** [images, ...shape], NHWC. */
  values: Float32Array
}

export interface TrainingBatch extends InputBatch {
  /** Place in its epoch, from 0. Once it has been trained on, the place to go on from is one more. */
  step: number
}

/** A training's pictures. @throws the file system's error when the folder for decoded pictures cannot be made */
export async function openTrainingInputs(options: TrainingInputsOptions): Promise<TrainingInputs> {
  const { contract, augmentation, train, validation } = options
  const margin = isAugmenting(augmentation) ? marginOf(augmentation, contract.size) : 0
  const examples = await openExamples({
    settings: { contract, margin },
    images: [train, validation],
    threads: options.threads,
    directory: options.decodedDirectory,
    limitBytes: options.decodedLimitBytes,
    onNotice: options.onNotice ?? ((text) => void process.stderr.write(`${text}\n`))
  })
  return new TrainingInputs(options, examples)
}

export class TrainingInputs {
  /** Of one image, as the unfrozen part reads it. */
  readonly shape: readonly [number, number, number]
  readonly stepsPerEpoch: number
  readonly #options: TrainingInputsOptions
  readonly #examples: Examples
  readonly #activations = new BoundedCache<Float32Array>(CACHE_BYTES)
  readonly #unreadable = new Set<number>()
  readonly #augments: boolean
  #lastPrefixRun: Promise<unknown> = Promise.resolve()

  constructor(options: TrainingInputsOptions, examples: Examples) {
    this.#options = options
    this.#examples = examples
    const { contract, augmentation, prefix, train, batchSize } = options
    this.shape = prefix ? (prefix.outputShape as [number, number, number]) : [contract.size, contract.size, 3]
    this.stepsPerEpoch = Math.ceil(train.length / batchSize)
    this.#augments = isAugmenting(augmentation)
  }

  /**
   * The batches of an epoch (counted from 1), augmented, the next ones in the making while the caller is busy with one; of the
   * epoch in `startAt`, those from its step on. Seed, epoch and step decide all of what is in a batch.
   */
  async *epoch(epoch: number): AsyncGenerator<TrainingBatch> {
    const { train, batchSize, seed, sampling, startAt } = this.#options
    const order = epochOrder(train, batchSize, seed, epoch, sampling)
    const first = startAt?.epoch === epoch ? startAt.step : 0
    const steps = Array.from({ length: Math.max(0, order.batchCount - first) }, (_, index) => first + index)
    yield* this.#ahead(steps, async (step) => ({ step, ...(await this.#augmented(order.batch(step), epoch)) }))
  }

  /** Batches as evaluation sees them, the next ones in the making while the caller is busy with one. */
  async *evaluation(images: readonly LabelledImage[], batchSize: number): AsyncGenerator<InputBatch> {
    const starts = Array.from({ length: Math.ceil(images.length / batchSize) }, (_, index) => index * batchSize)
    yield* this.#ahead(starts, (start) => this.plain(images.slice(start, start + batchSize)))
  }

  /** As evaluation sees them. */
  async plain(images: readonly LabelledImage[]): Promise<InputBatch> {
    const { prefix } = this.#options
    if (!prefix) return this.#make(images.map((image) => ({ image, steps: [] })))
    const fresh = await this.#computePlain(images.filter(({ id }) => !this.#activations.get(id)))
    const readable = images.filter(({ id }) => !this.#unreadable.has(id))
    const length = this.shape.reduce((product, side) => product * side, 1)
    const values = new Float32Array(readable.length * length)
    readable.forEach(({ id }, place) => values.set(fresh.get(id) ?? this.#activations.get(id)!, place * length))
    return { images: readable, values }
  }

  async close(): Promise<void> {
    await this.#examples.close()
    await this.#lastPrefixRun
  }

  #ahead<T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> {
    const batches = 1 + Math.ceil(AHEAD_IMAGES / this.#options.batchSize)
    return mapAhead(items, work, { concurrency: batches, ahead: batches })
  }

  async #augmented(drawn: readonly DrawnImage[], epoch: number): Promise<InputBatch> {
    if (!this.#augments) return this.plain(drawn.map(({ image }) => image))
    const { contract, augmentation, seed } = this.#options
    const { images, values } = await this.#make(
      drawn.map(({ image, repeat }) => ({
        image,
        steps: drawSteps(augmentation, { seed, epoch, imageId: image.id, repeat }, contract.size)
      }))
    )
    return { images, values: await this.#throughPrefix(values, images.length) }
  }

  async #computePlain(images: readonly LabelledImage[]): Promise<Map<number, Float32Array>> {
    const read = await this.#make(images.map((image) => ({ image, steps: [] })))
    const values = await this.#throughPrefix(read.values, read.images.length)
    const each = values.length / Math.max(read.images.length, 1)
    const result = new Map<number, Float32Array>()
    read.images.forEach((image, place) => {
      const own = values.slice(place * each, (place + 1) * each)
      result.set(image.id, own)
      this.#activations.offer(image.id, own)
    })
    return result
  }

  /** One batch in it at a time, in the order they were ready. */
  #throughPrefix(batch: Float32Array, count: number): Promise<Float32Array> {
    const { prefix } = this.#options
    if (!prefix || count === 0) return Promise.resolve(batch)
    const run = this.#lastPrefixRun.then(() => prefix.run(batch, count))
    this.#lastPrefixRun = run.catch(() => undefined)
    return run
  }

  /** Normalised pictures, those that cannot be read left out. */
  async #make(asked: readonly { image: LabelledImage; steps: readonly AugmentStep[] }[]): Promise<InputBatch> {
    const { contract, datasetRoot } = this.#options
    const length = contract.size ** 2 * 3
    const wanted = asked.filter(({ image }) => !this.#unreadable.has(image.id))
    const values = new Float32Array(wanted.length * length)
    const failed = new Set<number>()
    await Promise.all(
      wanted.map(async ({ image, steps }, place) => {
        try {
          values.set(await this.#examples.make(image.hash, join(datasetRoot, image.path), steps), place * length)
        } catch (error) {
          this.#markUnreadable(image, error)
          failed.add(place)
        }
      })
    )
    const images = wanted.map(({ image }) => image)
    if (failed.size === 0) return { images, values }
    const read = images.map((_, place) => place).filter((place) => !failed.has(place))
    read.forEach((place, to) => values.copyWithin(to * length, place * length, (place + 1) * length))
    return { images: read.map((place) => images[place]!), values: values.slice(0, read.length * length) }
  }

  /** Told once. @throws the error when it is not about the picture */
  #markUnreadable(image: LabelledImage, error: unknown): void {
    if (!(error instanceof StudioError) || !error.code.startsWith('image/')) throw error
    if (this.#unreadable.has(image.id)) return
    this.#unreadable.add(image.id)
    this.#options.onUnreadable(image, error)
  }
}
