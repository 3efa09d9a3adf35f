import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { follow } from '../../renderer/api/follow'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A source that plays one list of values a connection; an Error in it breaks that connection. */
function source(...connections: (number | Error)[][]) {
  const openedAt: number[] = []
  const start = Date.now()
  return {
    openedAt,
    open: async () => {
      const script = connections[openedAt.length] ?? []
      openedAt.push(Date.now() - start)
      if (script[0] instanceof Error) throw script[0]
      return (async function* () {
        for (const value of script) {
          if (value instanceof Error) throw value
          yield value
        }
      })()
    }
  }
}

test('a broken stream is opened again and goes on', async () => {
  const values: number[] = []
  const states: boolean[] = []
  const { open, openedAt } = source([1, 2, new Error('gone')], [3])
  const stop = follow<number>({
    open,
    onValue: (value) => values.push(value),
    onConnected: (on) => states.push(on),
    backoff: [100, 1000]
  })
  await vi.advanceTimersByTimeAsync(150)
  stop()
  expect(values).toEqual([1, 2, 3])
  expect(states.slice(0, 3)).toEqual([true, false, true])
  expect(openedAt).toEqual([0, 100])
})

test('the wait doubles up to its limit, and starts over once a value came', async () => {
  const no = () => [new Error('refused')]
  const { open, openedAt } = source(no(), no(), no(), no(), [1, new Error('gone')], no())
  const stop = follow<number>({ open, onValue: () => undefined, backoff: [100, 300] })
  await vi.advanceTimersByTimeAsync(1350)
  stop()
  // Failures after 0, 100, 200, 300, 300 ms of waiting; the value resets it to 100.
  expect(openedAt).toEqual([0, 100, 300, 600, 900, 1000, 1200])
})

test('stopping ends the wait and aborts what is open', async () => {
  const signals: AbortSignal[] = []
  const open = vi.fn(async (signal: AbortSignal) => {
    signals.push(signal)
    throw new Error('refused')
  })
  const states: boolean[] = []
  const stop = follow<number>({
    open,
    onValue: () => undefined,
    onConnected: (on) => states.push(on),
    backoff: [100, 100]
  })
  await vi.advanceTimersByTimeAsync(50)
  stop()
  await vi.advanceTimersByTimeAsync(1000)
  expect(open).toHaveBeenCalledTimes(1)
  expect(signals[0]!.aborted).toBe(true)
  expect(states).toEqual([false])
  expect(vi.getTimerCount()).toBe(0)
})

test('a value that arrives after stopping is not delivered', async () => {
  const values: number[] = []
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  const open = async () =>
    (async function* () {
      yield 1
      await held
      yield 2
    })()
  const stop = follow<number>({ open, onValue: (value) => values.push(value) })
  await vi.advanceTimersByTimeAsync(0)
  stop()
  release()
  await vi.advanceTimersByTimeAsync(0)
  expect(values).toEqual([1])
})

test('a failure that is final, and an end that is one, are not retried', async () => {
  const missing = new Error('no such run')
  const failed = source([missing])
  const heard: unknown[] = []
  follow<number>({
    open: failed.open,
    onValue: () => undefined,
    onConnected: (_on, error) => heard.push(error),
    shouldRetry: (error) => error !== missing
  })
  const ended = source([1])
  follow<number>({ open: ended.open, onValue: () => undefined, reopen: false })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(failed.openedAt).toEqual([0])
  expect(heard).toEqual([missing])
  expect(ended.openedAt).toEqual([0])
})
