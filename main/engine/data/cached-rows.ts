/** Features that are left in the cache's files, and read from there row by row. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { StoredRows } from './feature-rows'

/** Where a row lies: in which of the cache's files, by name. */
export interface RowPlace {
  shard: string
  row: number
}

/** Files that are open at once; each process that ever computed features has left one. */
const MOST_OPEN = 32
/** Of an image that has no row. */
const NOWHERE = -1

export class CachedRows implements StoredRows {
  readonly length: number
  private readonly shards: string[] = []
  /** Of each row: index into `shards`, and the row there. */
  private readonly shardOf: Int32Array
  private readonly rowOf: Int32Array
  private readonly open = new Map<number, number>()

  /** @param places null where there is no row: it reads as NaN */
  constructor(
    places: readonly (RowPlace | null)[],
    readonly width: number,
    private readonly fileOf: (shard: string) => string
  ) {
    this.length = places.length * width
    const numbers = new Map<string, number>()
    this.shardOf = Int32Array.from(places, (place) => {
      if (!place) return NOWHERE
      const known = numbers.get(place.shard)
      if (known !== undefined) return known
      numbers.set(place.shard, this.shards.length)
      return this.shards.push(place.shard) - 1
    })
    this.rowOf = Int32Array.from(places, (place) => place?.row ?? NOWHERE)
  }

  /** Rows that follow each other on disk are read in one go. */
  gather(rows: ArrayLike<number>, out: Float32Array): void {
    const { width, shardOf, rowOf } = this
    for (let start = 0; start < rows.length;) {
      const first = rows[start]!
      let end = start + 1
      while (end < rows.length && this.follows(first, rows[end]!, end - start)) end++
      const part = out.subarray(start * width, end * width)
      if (shardOf[first] === NOWHERE) part.fill(NaN)
      else this.read(shardOf[first]!, rowOf[first]!, part)
      start = end
    }
  }

  /** Whether a row lies so many behind another. */
  private follows(first: number, row: number, distance: number): boolean {
    const { shardOf, rowOf } = this
    return shardOf[row] === shardOf[first] && shardOf[row] !== NOWHERE && rowOf[row] === rowOf[first]! + distance
  }

  /** Lets go of the files; another read opens them again. */
  close(): void {
    for (const descriptor of this.open.values()) closeSync(descriptor)
    this.open.clear()
  }

  private read(shard: number, row: number, out: Float32Array): void {
    const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength)
    const start = row * this.width * out.BYTES_PER_ELEMENT
    for (let done = 0; done < bytes.length;) {
      const read = readSync(this.descriptor(shard), bytes, done, bytes.length - done, start + done)
      if (read === 0) throw new Error(`The features in '${this.fileOf(this.shards[shard]!)}' end before row ${row}.`)
      done += read
    }
  }

  private descriptor(shard: number): number {
    const known = this.open.get(shard)
    if (known !== undefined) return known
    if (this.open.size === MOST_OPEN) this.close()
    const descriptor = openSync(this.fileOf(this.shards[shard]!), 'r')
    this.open.set(shard, descriptor)
    return descriptor
  }
}
