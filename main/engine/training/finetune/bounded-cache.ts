/** Arrays by key, up to a number of bytes. */

/**
 * What came first stays: an epoch visits every image once, so a cache that threw out the oldest would never have what is asked
 * for next.
 */
export class BoundedCache<V extends ArrayBufferView> {
  readonly #entries = new Map<string | number, V>()
  readonly #limitBytes: number
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get(key: string | number): V | undefined {
    return this.#entries.get(key)
  }

  /** Keeps the value if there is room. */
  offer(key: string | number, value: V): void {
    if (this.#entries.has(key) || this.#bytes + value.byteLength > this.#limitBytes) return
    this.#entries.set(key, value)
    this.#bytes += value.byteLength
  }
}
