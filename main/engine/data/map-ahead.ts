/** Work done ahead of whoever needs it, within bounds. */

export interface MapAheadOptions {
  /** How many run at once. */
  concurrency: number
  /** How many may be running or finished and not yet asked for. */
  ahead: number
}

type Settled<R> = { value: R } | { error: unknown }

/**
 * Maps in order, running ahead of the consumer: the next items are being worked on while it is busy with this one. Leaving the
 * loop early starts nothing more. An error is thrown at its item's turn.
 */
export async function* mapAhead<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
  { concurrency, ahead }: MapAheadOptions
): AsyncGenerator<R> {
  const waiting: Promise<Settled<R>>[] = []
  let next = 0
  let running = 0
  let stopped = false
  const queue: (() => void)[] = []

  const settle = async (index: number): Promise<Settled<R>> => {
    if (running >= concurrency) await new Promise<void>((resolve) => queue.push(resolve))
    if (stopped) return { error: new Error('stopped') }
    running++
    try {
      return { value: await work(items[index]!, index) }
    } catch (error) {
      return { error }
    } finally {
      running--
      queue.shift()?.()
    }
  }
  const fill = (): void => {
    while (next < items.length && waiting.length < ahead) waiting.push(settle(next++))
  }

  try {
    for (fill(); waiting.length > 0; fill()) {
      const settled = await waiting.shift()!
      fill()
      if ('error' in settled) throw settled.error
      yield settled.value
    }
  } finally {
    stopped = true
    queue.forEach((wake) => wake())
  }
}
