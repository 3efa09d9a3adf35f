/**
 * One picture on its way to the network: out of the decoded cache or out of its file, augmented, and normalised where the network
 * does not do that beside itself. The same on a thread of its own (threads/augment.ts) and on the calling thread.
 */
import { createHash } from 'node:crypto'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError } from '../../../shared/errors.ts'
import { applySteps } from './augment/apply.ts'
import type { AugmentStep } from './augment/steps.ts'
import { openImage, readImageFile } from './decode.ts'
import { ShardReader, ShardWriter, type RecordPlace } from './decoded/shard.ts'
import { normalize } from './normalize.ts'
import { loadPixels } from './preprocess.ts'
import type { PixelImage } from './resample.ts'

/** What all pictures of a training have in common. */
export interface ExampleSettings {
  contract: PreprocessingContract
  /** Pixels beyond the contract's square, on each side, for augmentation to reach into. */
  margin: number
  /** Where decoded pictures are kept; null: nowhere. */
  decoded: { folder: string; pixelBytes: number } | null
  /** What examples are: the numbers that the network reads, or RGB bytes that it normalises. */
  form: ExampleForm
}

export type ExampleForm = 'numbers' | 'pixels'

export interface ExampleTask {
  path: string
  /** SHA-256 that the file's contents must have, hexadecimal. */
  hash: string
  /** Empty: as evaluation sees the picture. */
  steps: readonly AugmentStep[]
  /** Where it lies decoded. */
  place: RecordPlace | null
  /** Whether it may be kept once it is decoded. */
  keep: boolean
}

export interface Example {
  /** size × size × 3, HWC: numbers or bytes, as the settings say. */
  values: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>
  /** Where it was kept now. */
  kept: RecordPlace | null
  /** `place` held no sound record. */
  damaged: boolean
  /** Why it could not be kept; null when it was, or was not to be. */
  refused: string | null
}

export class ExampleMaker {
  readonly #settings: ExampleSettings
  readonly #reader: ShardReader | null
  #writer: ShardWriter | null = null

  constructor(settings: ExampleSettings) {
    this.#settings = settings
    const { decoded } = settings
    this.#reader = decoded && new ShardReader(decoded.folder, decoded.pixelBytes)
  }

  /** @throws StudioError image/*; image/changed when the file is not the one that was imported */
  async make({ path, hash, steps, place, keep }: ExampleTask): Promise<Example> {
    const { contract, margin, form } = this.#settings
    const known = place && this.#reader ? this.#reader.read(place, hash) : null
    const data = known ?? (await decode(path, hash, contract, margin)).data
    const written = !known && keep ? this.#keep(hash, data) : { kept: null, refused: null }
    const side = contract.size + 2 * margin
    const seen = applySteps({ width: side, height: side, data }, steps, contract.size)
    // Bytes are copied, for those that were read lie in memory of the reader's.
    const values = form === 'pixels' ? new Uint8Array(seen.data) : new Float32Array(seen.data.length)
    if (values instanceof Float32Array) normalize(seen.data, contract, values)
    return { values, damaged: place !== null && !known, ...written }
  }

  #keep(hash: string, pixels: Uint8Array): Pick<Example, 'kept' | 'refused'> {
    const { decoded } = this.#settings
    if (!decoded) return { kept: null, refused: null }
    try {
      this.#writer ??= new ShardWriter(decoded.folder, decoded.pixelBytes)
      return { kept: this.#writer.append(hash, pixels), refused: null }
    } catch (error) {
      // A cache that cannot be written costs time, not the training.
      return { kept: null, refused: error instanceof Error ? error.message : String(error) }
    }
  }

  close(): void {
    this.#reader?.close()
    this.#writer?.close()
    this.#writer = null
  }
}

async function decode(
  path: string,
  hash: string,
  contract: PreprocessingContract,
  margin: number
): Promise<PixelImage> {
  const bytes = await readImageFile(path)
  if (createHash('sha256').update(bytes).digest('hex') !== hash) {
    throw new StudioError('image/changed', `'${path}' has changed since it was imported.`, { path })
  }
  return loadPixels(await openImage(path, bytes), contract, margin)
}
