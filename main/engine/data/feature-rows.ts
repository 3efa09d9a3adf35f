/**
 * Rows of features, wherever they lie. Of a small set they are in memory, which is fastest; those of a large one stay on disk, in
 * the feature cache, and are read block by block, so that a hundred thousand pictures take no more memory than ten thousand.
 */

/** Rows that are read when they are asked for. */
export interface StoredRows {
  /** Count of values: rows × width, as of an array. */
  readonly length: number
  readonly width: number
  /**
   * Copies rows, in the order given, to the beginning of `out`.
   * @throws the file system's error when they cannot be read
   */
  gather(rows: ArrayLike<number>, out: Float32Array): void
}

/** [rows, width]. */
export type FeatureValues = Float32Array | StoredRows

/** Copies rows, in the order given, to the beginning of `out`. */
export function gatherRows(values: FeatureValues, width: number, rows: ArrayLike<number>, out: Float32Array): void {
  if (!(values instanceof Float32Array)) return values.gather(rows, out)
  for (let place = 0; place < rows.length; place++) {
    const start = rows[place]! * width
    out.set(values.subarray(start, start + width), place * width)
  }
}

/** Rows that lie together. */
export interface RowBlock {
  /** Row of the whole. */
  start: number
  count: number
  /** [count, width]. Of stored rows the same memory for every block: only good until the next is asked for. */
  values: Float32Array
}

/**
 * All rows in their order, in blocks.
 *
 * @param most rows in a block
 * @param memory for the blocks of stored rows, where they are gone through often: see `blockMemory`
 */
export function* blocksOf(
  values: FeatureValues,
  width: number,
  most: number,
  memory = blockMemory(values, width, most)
): Generator<RowBlock> {
  const rows = values.length / width
  const stored = values instanceof Float32Array ? null : values
  for (let start = 0; start < rows; start += most) {
    const count = Math.min(most, rows - start)
    if (!stored)
      yield { start, count, values: (values as Float32Array).subarray(start * width, (start + count) * width) }
    else {
      const block = memory.subarray(0, count * width)
      stored.gather(
        Int32Array.from({ length: count }, (_, place) => start + place),
        block
      )
      yield { start, count, values: block }
    }
  }
}

/** What `blocksOf` reads into; nothing for rows that are in memory. */
export const blockMemory = (values: FeatureValues, width: number, most: number): Float32Array =>
  new Float32Array(values instanceof Float32Array ? 0 : Math.min(most * width, values.length))

/** Some of the rows, in this order: a copy of those in memory, a view of those that are stored. */
export function selectRows(values: FeatureValues, width: number, rows: Int32Array): FeatureValues {
  if (values instanceof Float32Array) {
    const out = new Float32Array(rows.length * width)
    gatherRows(values, width, rows, out)
    return out
  }
  return {
    length: rows.length * width,
    width,
    gather: (places, out) =>
      values.gather(
        Int32Array.from(places, (place) => rows[place]!),
        out
      )
  }
}
