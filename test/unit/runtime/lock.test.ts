import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isStale, withLock } from '../../../main/engine/runtime/lock'
import type { Progress } from '../../../main/engine/runtime/progress'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'whetstone-lock-'))
  file = join(directory, 'a.lock')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const onWaiting = (): void => undefined
/** Above the largest process id of any Linux. */
const NOBODY = 2 ** 22 + 1

test('whoever is gone or silent has lost the lock', () => {
  const holder = { pid: 7, host: hostname(), token: 't' }
  const [alive, gone] = [() => true, () => false]
  expect(isStale(holder, 1000, 2000, alive)).toBe(false)
  expect(isStale(holder, 1000, 2000, gone)).toBe(true)
  expect(isStale(holder, 1000, 62_000, alive)).toBe(true)
  // Another machine's processes cannot be seen from here.
  expect(isStale({ ...holder, host: 'elsewhere' }, 1000, 2000, gone)).toBe(false)
  // Its writer may be about to write.
  expect(isStale(null, 1000, 2000, alive)).toBe(false)
})

test('the second waits for the first, and shows its progress', async () => {
  const order: string[] = []
  let finish: () => void = () => undefined
  const said: Progress = { phase: 'Fetching', progress: 0.4, etaSeconds: 9 }
  const first = withLock({ file, onWaiting }, async (tell) => {
    tell(said)
    order.push('first begins')
    await new Promise<void>((resolve) => (finish = resolve))
    order.push('first ends')
  })
  // Which of two that start at once gets the lock is anybody's guess.
  await vi.waitFor(() => expect(order).toEqual(['first begins']))
  const seen = vi.fn((progress: Progress | null) => {
    if (progress) finish()
  })
  const second = withLock({ file, onWaiting: seen }, async () => void order.push('second begins'))
  await Promise.all([first, second])
  expect(order).toEqual(['first begins', 'first ends', 'second begins'])
  expect(seen).toHaveBeenCalledWith(said)
  expect(readdirSync(directory)).toEqual([])
})

test('a lock of a process that is gone is taken over, by one only', async () => {
  writeFileSync(file, JSON.stringify({ pid: NOBODY, host: hostname(), token: 'dead' }))
  let inside = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setTimeout(resolve, 20))
    inside--
  }
  await Promise.all([1, 2, 3].map(() => withLock({ file, onWaiting }, work)))
  expect(most).toBe(1)
  expect(readdirSync(directory)).toEqual([])
})

test('a lock that nobody can read is taken over once it is silent', async () => {
  writeFileSync(file, 'not json')
  const past = new Date(Date.now() - 120_000)
  utimesSync(file, past, past)
  expect(await withLock({ file, onWaiting }, async () => 'mine')).toBe('mine')
})

test('waiting ends when it is aborted, and the holder keeps the lock', async () => {
  const stop = new AbortController()
  const held = JSON.stringify({ pid: process.pid, host: hostname(), token: 'held' })
  writeFileSync(file, held)
  const waiting = withLock(
    { file, signal: stop.signal, onWaiting: () => stop.abort(new Error('enough')) },
    async () => 1
  )
  await expect(waiting).rejects.toThrow('enough')
  expect(readdirSync(directory)).toEqual(['a.lock'])
})

test('the lock is let go when the work fails', async () => {
  await expect(withLock({ file, onWaiting }, () => Promise.reject(new Error('boom')))).rejects.toThrow('boom')
  expect(readdirSync(directory)).toEqual([])
})
