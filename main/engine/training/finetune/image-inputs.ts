/**
 * From images to what the unfrozen end of the network reads: decode, augment, and the frozen beginning of the network on the
 * executor for frozen parts. Whatever comes out the same every epoch is kept in memory as far as it fits.
 */
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { AugmentationConfig } from '@shared/domain/training-config'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { loadPixels, normalize, type PixelImage } from '../../data/preprocess'
import type { FrozenNetwork } from '../../executors/executor'
import { drawGlance, glanceAt, isAugmenting, marginOf } from './augment'
import { BoundedCache } from './bounded-cache'

/** Of decoded pictures, and as much again of activations: about 1,200 pictures of 224² with their margin. */
const CACHE_BYTES = 256 * 2 ** 20

export interface ImageInputsOptions {
  contract: PreprocessingContract
  augmentation: AugmentationConfig
  seed: number
  datasetRoot: string
  /** Null when the whole backbone is unfrozen. */
  prefix: FrozenNetwork | null
  onUnreadable: (image: LabelledImage, error: unknown) => void
}

export interface InputBatch {
  /** Those that could be read, in the order given. */
  images: LabelledImage[]
  /** [images, ...shape], NHWC. */
  values: Float32Array
}

export class ImageInputs {
  /** Of one image, as the unfrozen part reads it. */
  readonly shape: readonly [number, number, number]
  readonly #options: ImageInputsOptions
  readonly #pixels = new BoundedCache<Uint8Array>(CACHE_BYTES)
  readonly #activations = new BoundedCache<Float32Array>(CACHE_BYTES)
  readonly #unreadable = new Set<number>()
  readonly #augments: boolean
  readonly #margin: number

  constructor(options: ImageInputsOptions) {
    this.#options = options
    const { contract, augmentation, prefix } = options
    this.shape = prefix ? (prefix.outputShape as [number, number, number]) : [contract.size, contract.size, 3]
    this.#augments = isAugmenting(augmentation)
    this.#margin = this.#augments ? marginOf(augmentation, contract.size) : 0
  }

  /** Inputs for training in the given epoch, augmented as it says. */
  async augmented(images: readonly LabelledImage[], epoch: number): Promise<InputBatch> {
    if (!this.#augments) return this.plain(images)
    const { contract, augmentation, seed } = this.#options
    const read = await this.#read(images, this.#margin)
    const length = contract.size ** 2 * 3
    const batch = new Float32Array(read.length * length)
    read.forEach(({ image, picture }, place) => {
      glanceAt(picture, drawGlance(augmentation, seed, epoch, image.id), contract, batch, place * length)
    })
    return { images: read.map(({ image }) => image), values: await this.#throughPrefix(batch, read.length) }
  }

  /** Inputs as evaluation sees them. */
  async plain(images: readonly LabelledImage[]): Promise<InputBatch> {
    const missing = images.filter(({ id }) => !this.#activations.get(id) && !this.#unreadable.has(id))
    const fresh = await this.#computePlain(missing)
    const readable = images.filter(({ id }) => !this.#unreadable.has(id))
    const length = this.shape.reduce((product, side) => product * side, 1)
    const values = new Float32Array(readable.length * length)
    readable.forEach(({ id }, place) => values.set(fresh.get(id) ?? this.#activations.get(id)!, place * length))
    return { images: readable, values }
  }

  async #computePlain(images: readonly LabelledImage[]): Promise<Map<number, Float32Array>> {
    if (images.length === 0) return new Map()
    const { contract, prefix } = this.#options
    const read = await this.#read(images, 0)
    const length = contract.size ** 2 * 3
    const batch = new Float32Array(read.length * length)
    read.forEach(({ picture }, place) => normalize(picture.data, contract, batch, place * length))
    const values = await this.#throughPrefix(batch, read.length)
    const each = values.length / Math.max(read.length, 1)
    const result = new Map<number, Float32Array>()
    read.forEach(({ image }, place) => {
      const own = values.slice(place * each, (place + 1) * each)
      result.set(image.id, own)
      // Without a prefix the value is the picture itself, four times its size in bytes: those are kept as pixels.
      if (prefix) this.#activations.offer(image.id, own)
    })
    return result
  }

  async #throughPrefix(batch: Float32Array, count: number): Promise<Float32Array> {
    const { prefix } = this.#options
    return prefix && count > 0 ? prefix.run(batch, count) : batch
  }

  async #read(images: readonly LabelledImage[], margin: number) {
    const all = await Promise.all(
      images.map(async (image) => ({ image, picture: await this.#pixelsOf(image, margin) }))
    )
    return all.filter((one): one is { image: LabelledImage; picture: PixelImage } => one.picture !== null)
  }

  async #pixelsOf(image: LabelledImage, margin: number): Promise<PixelImage | null> {
    if (this.#unreadable.has(image.id)) return null
    const { contract, datasetRoot, onUnreadable } = this.#options
    const side = contract.size + 2 * margin
    const key = `${image.id}/${margin}`
    const known = this.#pixels.get(key)
    if (known) return { width: side, height: side, data: known }
    try {
      const picture = await loadPixels(join(datasetRoot, image.path), contract, margin)
      this.#pixels.offer(key, picture.data)
      return picture
    } catch (error) {
      if (!this.#unreadable.has(image.id)) onUnreadable(image, error)
      this.#unreadable.add(image.id)
      return null
    }
  }
}
