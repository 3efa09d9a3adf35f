/** What a frozen network gave for each image, on disk for as long as a training lasts. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/** Of one training: 65,000 images at the border before the last three blocks of MobileNetV2, 7 × 7 × 160. */
const LIMIT_BYTES = 2 * 2 ** 30

/**
 * Rows of float32, one an image, read and written by place. The file loses its name as soon as it is open, so that a process
 * that is killed leaves nothing behind.
 */
export class ActivationFile {
  readonly #file: FileHandle
  readonly #path: string
  readonly #width: number
  readonly #limitRows: number
  /** Row of an image; a row that is being written is not there yet. */
  readonly #rows = new Map<number, number>()
  #next = 0
  #named = false

  private constructor(file: FileHandle, path: string, width: number, limitBytes: number) {
    this.#file = file
    this.#path = path
    this.#width = width
    this.#limitRows = Math.floor(limitBytes / (4 * width))
  }

  /**
   * @param width values in a row.
   * @throws the file system's error when the folder cannot be made or written to
   */
  static async open(directory: string, width: number, limitBytes = LIMIT_BYTES): Promise<ActivationFile> {
    await mkdir(directory, { recursive: true })
    const path = join(directory, `${randomUUID()}.activations`)
    const opened = new ActivationFile(await open(path, 'wx+'), path, width, limitBytes)
    // Not every system lets an open file go.
    opened.#named = await unlink(path).then(
      () => false,
      () => true
    )
    return opened
  }

  has(image: number): boolean {
    return this.#rows.has(image)
  }

  /** Keeps a row if there is room. @param values width of them; not to be changed until it resolves */
  async offer(image: number, values: Float32Array): Promise<void> {
    if (this.#rows.has(image) || this.#next >= this.#limitRows) return
    const row = this.#next++
    await this.#file.write(bytesOf(values), 0, values.byteLength, row * values.byteLength)
    this.#rows.set(image, row)
  }

  /** Fills `out` with the row of an image that is there. */
  async read(image: number, out: Float32Array): Promise<void> {
    const bytes = bytesOf(out)
    await this.#file.read(bytes, 0, bytes.byteLength, this.#rows.get(image)! * 4 * this.#width)
  }

  async close(): Promise<void> {
    await this.#file.close()
    if (this.#named) await unlink(this.#path).catch(() => undefined)
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
