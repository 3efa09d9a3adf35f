/** Messages that arrive when they like, read one after the other. */
export class MessageQueue<T> implements AsyncIterable<T> {
  private readonly messages: T[] = []
  private error: { cause: unknown } | null = null
  private wake: (() => void) | null = null

  push(message: T): void {
    this.messages.push(message)
    this.wake?.()
  }

  /** Readers get what came before, then this error. */
  fail(cause: unknown): void {
    this.error ??= { cause }
    this.wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      const message = this.messages.shift()
      if (message !== undefined) yield message
      else if (this.error) throw this.error.cause
      else {
        await new Promise<void>((resolve) => (this.wake = resolve))
        this.wake = null
      }
    }
  }
}
