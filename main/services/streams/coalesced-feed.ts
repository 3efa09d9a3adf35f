/** A stream that never hurries its reader: what changed since the last look comes together, at most every `intervalMs`. */

export interface FeedSource<T> {
  /** Calls `wake` whenever `take` may have something new. @returns a function that ends it */
  subscribe(wake: () => void): () => void
  /** Everything new since the last call; empty when there is nothing. */
  take(): T[]
  /** True once nothing new will come; what `take` still has is delivered. */
  ended(): boolean
}

/** Ten times a second: as often as a person can follow numbers. */
const FEED_INTERVAL_MS = 100

/**
 * Written out rather than as a generator: leaving a generator that waits is only noticed when it wakes, and a reader that
 * left must be forgotten at once.
 */
export class CoalescedFeed<T> implements AsyncIterableIterator<T, undefined, unknown> {
  private readonly queue: T[] = []
  private readonly unsubscribe: () => void
  private wakeReader: (() => void) | null = null
  private lastTake = -Infinity
  private closed = false

  constructor(
    private readonly source: FeedSource<T>,
    private readonly intervalMs = FEED_INTERVAL_MS,
    signal?: AbortSignal
  ) {
    this.unsubscribe = source.subscribe(() => this.wakeReader?.())
    signal?.addEventListener('abort', () => void this.return(), { once: true })
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (!this.closed) {
      const value = this.queue.shift()
      if (value !== undefined) return { done: false, value }
      const waitMs = this.source.ended() ? 0 : this.lastTake + this.intervalMs - performance.now()
      if (waitMs > 0) {
        await this.sleep(waitMs)
        continue
      }
      const taken = this.source.take()
      if (taken.length > 0) {
        this.lastTake = performance.now()
        this.queue.push(...taken)
      } else if (this.source.ended()) await this.return()
      else await this.sleep(null)
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    if (!this.closed) {
      this.closed = true
      this.unsubscribe()
      this.wakeReader?.()
    }
    return { done: true, value: undefined }
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Until time is up, or (null) until the source wakes the reader. Leaving ends both. */
  private sleep(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? null : setTimeout(() => wake(true), ms)
      const wake = (timeIsUp = false): void => {
        if (ms !== null && !timeIsUp && !this.closed) return
        if (timer) clearTimeout(timer)
        this.wakeReader = null
        resolve()
      }
      this.wakeReader = () => wake()
    })
  }
}
