import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CoalescedFeed } from '../../main/services/streams/coalesced-feed'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** A source that counts; each take gives the count when it changed. */
function counter() {
  const wakers = new Set<() => void>()
  let count = 0
  let seen = -1
  let over = false
  return {
    wakers,
    add: () => {
      count++
      wakers.forEach((wake) => wake())
    },
    end: () => {
      over = true
      wakers.forEach((wake) => wake())
    },
    subscribe: (wake: () => void) => {
      wakers.add(wake)
      return () => void wakers.delete(wake)
    },
    take: () => (seen === count ? [] : [(seen = count)]),
    ended: () => over
  }
}

test('changes come together, at most once an interval, and the last one is never lost', async () => {
  const source = counter()
  const feed = new CoalescedFeed(source, 100)
  expect((await feed.next()).value).toBe(0)
  for (let index = 0; index < 50; index++) source.add()
  const second = feed.next()
  await vi.advanceTimersByTimeAsync(99)
  source.add()
  await vi.advanceTimersByTimeAsync(1)
  expect((await second).value).toBe(51)

  const third = feed.next()
  await vi.advanceTimersByTimeAsync(1000)
  source.add()
  expect((await third).value).toBe(52)

  source.add()
  source.end()
  expect((await feed.next()).value).toBe(53)
  expect((await feed.next()).done).toBe(true)
  expect(source.wakers.size).toBe(0)
})

test('a reader that leaves while it waits is let go at once', async () => {
  const source = counter()
  const feed = new CoalescedFeed(source, 100)
  await feed.next()
  const pending = feed.next()
  await feed.return()
  await vi.advanceTimersByTimeAsync(0)
  expect((await pending).done).toBe(true)
  expect(source.wakers.size).toBe(0)
})

test('an aborted signal ends the feed', async () => {
  const source = counter()
  const leaving = new AbortController()
  const feed = new CoalescedFeed(source, 100, leaving.signal)
  await feed.next()
  await vi.advanceTimersByTimeAsync(200)
  const pending = feed.next()
  leaving.abort()
  expect((await pending).done).toBe(true)
})
