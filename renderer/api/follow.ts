/** Streams that outlive a lost connection. */

export interface FollowOptions<T> {
  /** Opens the stream. Its first value is a snapshot, so that nothing is missing after a reconnection. */
  open: (signal: AbortSignal) => Promise<AsyncIterable<T>>
  onValue: (value: T) => void
  /** True after the first value of each connection, false when it was lost. */
  onConnected?: (connected: boolean, error?: unknown) => void
  /** Whether to try again. Left out: always. */
  shouldRetry?: (error: unknown) => boolean
  /** False: a stream that ends by itself is over. Left out: it is opened again. */
  reopen?: boolean
  /** First and longest wait between two attempts, ms; it doubles from one to the other. */
  backoff?: [first: number, longest: number]
}

/**
 * Reads a stream until told to stop, opening it anew when it breaks.
 *
 * @returns stops it
 */
export function follow<T>(options: FollowOptions<T>): () => void {
  const { open, onValue, onConnected, shouldRetry = () => true, reopen = true, backoff = [250, 5000] } = options
  const controller = new AbortController()
  const { signal } = controller

  async function run(): Promise<void> {
    let wait = backoff[0]
    while (!signal.aborted) {
      let failure: unknown
      let connected = false
      try {
        for await (const value of await open(signal)) {
          if (signal.aborted) return
          if (!connected) {
            connected = true
            wait = backoff[0]
            onConnected?.(true)
          }
          onValue(value)
        }
        if (!reopen) return
      } catch (error) {
        if (signal.aborted) return
        failure = error
      }
      onConnected?.(false, failure)
      if (failure !== undefined && !shouldRetry(failure)) return
      await pause(wait, signal)
      wait = Math.min(wait * 2, backoff[1])
    }
  }

  void run()
  return () => controller.abort()
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
