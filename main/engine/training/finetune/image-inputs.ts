/**
 * From images to what a network reads: decode, augment and, unless the network does it beside itself, normalise. Pictures are made
 * on threads of their own, ahead of the step that eats them; decoded ones are kept on disk.
 */
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { AugmentationConfig, BalanceConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { drawSteps, isAugmenting, marginOf } from '../../data/augment/draw'
import type { AugmentStep } from '../../data/augment/steps'
import type { ExampleForm } from '../../data/example'
import { mapAhead } from '../../data/map-ahead'
import { epochOrder, type DrawnImage } from './batches'
import { openExamples, type Examples } from './examples'

/** Pictures that may lie ready or be in the making before they are asked for; at least one batch beyond the one in use. */
const AHEAD_IMAGES = 64

export interface TrainingInputsOptions {
  contract: PreprocessingContract
  augmentation: AugmentationConfig
  seed: number
  datasetRoot: string
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

/** Normalised, or the RGB bytes that become so beside the network. */
export type InputValues = Float32Array | Uint8Array

export interface InputBatch<Values extends InputValues = Float32Array> {
  /** Those that could be read, in the order given. */
  images: LabelledImage[]
  /** [images, ...shape], NHWC. */
  values: Values
}

export interface TrainingBatch<Values extends InputValues = Float32Array> extends InputBatch<Values> {
  /** Place in its epoch, from 0. Once it has been trained on, the place to go on from is one more. */
  step: number
}

/** A training's pictures, normalised. @throws the file system's error when the folder for decoded pictures cannot be made */
export const openTrainingInputs = async (options: TrainingInputsOptions): Promise<TrainingInputs> =>
  new TrainingInputs(options, await openExamplesOf(options, 'numbers'), Float32Array)

/** A quarter of the memory, and of what goes from thread to thread. @throws as above */
export const openPixelInputs = async (options: TrainingInputsOptions): Promise<TrainingInputs<Uint8Array>> =>
  new TrainingInputs(options, await openExamplesOf(options, 'pixels'), Uint8Array)

function openExamplesOf(options: TrainingInputsOptions, form: ExampleForm): Promise<Examples> {
  const { contract, augmentation, train, validation } = options
  const margin = isAugmenting(augmentation) ? marginOf(augmentation, contract.size) : 0
  return openExamples({
    settings: { contract, margin, form },
    images: [train, validation],
    threads: options.threads,
    directory: options.decodedDirectory,
    limitBytes: options.decodedLimitBytes,
    onNotice: options.onNotice ?? ((text) => void process.stderr.write(`${text}\n`))
  })
}

export class TrainingInputs<Values extends InputValues = Float32Array> {
  /** Of one image. */
  readonly shape: readonly [number, number, number]
  readonly stepsPerEpoch: number
  readonly #options: TrainingInputsOptions
  readonly #examples: Examples
  readonly #valuesOf: new (length: number) => Values
  readonly #unreadable = new Set<number>()
  readonly #augments: boolean

  constructor(options: TrainingInputsOptions, examples: Examples, valuesOf: new (length: number) => Values) {
    this.#options = options
    this.#examples = examples
    this.#valuesOf = valuesOf
    const { contract, augmentation, train, batchSize } = options
    this.shape = [contract.size, contract.size, 3]
    this.stepsPerEpoch = Math.ceil(train.length / batchSize)
    this.#augments = isAugmenting(augmentation)
  }

  /**
   * The batches of an epoch (counted from 1), augmented, the next ones in the making while the caller is busy with one; of the
   * epoch in `startAt`, those from its step on. Seed, epoch and step decide all of what is in a batch.
   */
  async *epoch(epoch: number): AsyncGenerator<TrainingBatch<Values>> {
    const { train, batchSize, seed, sampling, startAt } = this.#options
    const order = epochOrder(train, batchSize, seed, epoch, sampling)
    const first = startAt?.epoch === epoch ? startAt.step : 0
    const steps = Array.from({ length: Math.max(0, order.batchCount - first) }, (_, index) => first + index)
    yield* this.#ahead(steps, async (step) => ({ step, ...(await this.#augmented(order.batch(step), epoch)) }))
  }

  /** Batches as evaluation sees them, the next ones in the making while the caller is busy with one. */
  async *evaluation(images: readonly LabelledImage[], batchSize: number): AsyncGenerator<InputBatch<Values>> {
    const starts = Array.from({ length: Math.ceil(images.length / batchSize) }, (_, index) => index * batchSize)
    yield* this.#ahead(starts, (start) => this.plain(images.slice(start, start + batchSize)))
  }

  /** As evaluation sees them. */
  plain(images: readonly LabelledImage[]): Promise<InputBatch<Values>> {
    return this.#make(images.map((image) => ({ image, steps: [] })))
  }

  close(): Promise<void> {
    return this.#examples.close()
  }

  #ahead<T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> {
    const batches = 1 + Math.ceil(AHEAD_IMAGES / this.#options.batchSize)
    return mapAhead(items, work, { concurrency: batches, ahead: batches })
  }

  #augmented(drawn: readonly DrawnImage[], epoch: number): Promise<InputBatch<Values>> {
    if (!this.#augments) return this.plain(drawn.map(({ image }) => image))
    const { contract, augmentation, seed } = this.#options
    return this.#make(
      drawn.map(({ image, repeat }) => ({
        image,
        steps: drawSteps(augmentation, { seed, epoch, imageId: image.id, repeat }, contract.size)
      }))
    )
  }

  /** Pictures, those that cannot be read left out. */
  async #make(asked: readonly { image: LabelledImage; steps: readonly AugmentStep[] }[]): Promise<InputBatch<Values>> {
    const { contract, datasetRoot } = this.#options
    const length = contract.size ** 2 * 3
    const wanted = asked.filter(({ image }) => !this.#unreadable.has(image.id))
    const values = new this.#valuesOf(wanted.length * length)
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
    return { images: read.map((place) => images[place]!), values: values.slice(0, read.length * length) as Values }
  }

  /** Told once. @throws the error when it is not about the picture */
  #markUnreadable(image: LabelledImage, error: unknown): void {
    if (!(error instanceof StudioError) || !error.code.startsWith('image/')) throw error
    if (this.#unreadable.has(image.id)) return
    this.#unreadable.add(image.id)
    this.#options.onUnreadable(image, error)
  }
}
