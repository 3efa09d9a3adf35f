/** Real child processes that misbehave in each way a worker can. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ImportMessage } from '@shared/worker-protocol/import'
import { ForkHost } from '../../main/supervisor/fork-host'
import { WorkerConversation } from '../../main/supervisor/supervisor'
import { workerEnvironment } from '../../main/supervisor/worker-environment'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'whetstone-workers-'))
  host = new ForkHost({ workersDirectory: directory })
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const START = { type: 'start', job: { root: '/r', knownFile: 'k', thumbnailDirectory: 't', resultFile: 'f' } } as const

/** A process has one, as the studio has: each listens for the process's end. */
let host: ForkHost

/** A conversation with an import worker whose whole program is `script`. */
function converse(script: string, times = { graceMs: 300, lingerMs: 300 }) {
  writeFileSync(join(directory, 'import.cjs'), script)
  const seen: ImportMessage[] = []
  const talk = new WorkerConversation(host, 'import', (message) => seen.push(message), times)
  return { talk, seen }
}

const FINISHED = `{ type: 'finished', outcome: 'completed' }`

test('messages arrive in order and the last one decides', async () => {
  const { talk, seen } = converse(`
    process.on('message', (request) => {
      for (let done = 1; done <= 3; done++) process.send({ type: 'progress', phase: request.type, done, total: 3 })
      process.send(${FINISHED}, () => process.exit(7))
    })`)
  talk.send(START)
  expect(await talk.ended).toEqual({ type: 'finished', outcome: 'completed' })
  expect(seen.map((message) => message.type === 'progress' && message.done)).toEqual([1, 2, 3])
  await talk.exited
  expect(talk.alive).toBe(false)
})

test('a worker decodes on as many threads as there are cores, unless it is told how many', async () => {
  const { talk, seen } = converse(`
    const threads = Number(process.env.UV_THREADPOOL_SIZE)
    process.send({ type: 'progress', phase: 'start', done: 0, total: threads })
    process.send(${FINISHED}, () => process.exit())`)
  await talk.ended
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? Math.max(2, availableParallelism()))
  expect(seen).toMatchObject([{ total: threads }])
  await talk.exited
  expect(workerEnvironment({ UV_THREADPOOL_SIZE: '7', A: 'b' })).toEqual({ UV_THREADPOOL_SIZE: '7', A: 'b' })
})

test('a failure that the worker reports keeps its code', async () => {
  const { talk } = converse(`
    process.send({ type: 'failed', error: { code: 'dataset/empty', message: 'Nothing in /r.', hint: 'h', details: { root: '/r' } } })`)
  await expect(talk.ended).rejects.toMatchObject({ code: 'dataset/empty', details: { root: '/r' } })
})

test('a crash carries the end of standard error', async () => {
  const { talk } = converse(`console.error('the tensor is on fire'); process.abort()`)
  await expect(talk.ended).rejects.toMatchObject({
    code: 'worker/crashed',
    message: expect.stringContaining('SIGABRT'),
    details: { stderr: expect.stringContaining('the tensor is on fire') }
  })
})

test('exit code 0 without a last message is a crash as well', async () => {
  const { talk } = converse(`process.send({ type: 'progress', phase: 'x', done: 0, total: 1 }, () => process.exit(0))`)
  await expect(talk.ended).rejects.toMatchObject({ code: 'worker/crashed', details: { exitCode: 0 } })
})

test('a message outside the protocol ends the worker', async () => {
  const { talk } = converse(`process.send({ type: 'progress', phase: 3 }); setInterval(() => {}, 1000)`)
  await expect(talk.ended).rejects.toMatchObject({
    code: 'worker/crashed',
    message: expect.stringContaining('does not fit the protocol')
  })
  await talk.exited
})

test('a worker that does not end after its last message, or when asked to stop, is ended', async () => {
  const stubborn = converse(`process.send(${FINISHED}); setInterval(() => {}, 1000)`)
  await stubborn.talk.ended
  await stubborn.talk.exited

  const deaf = converse(`process.on('message', () => {}); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`)
  deaf.talk.send(START)
  deaf.talk.stop({ type: 'stop' })
  await expect(deaf.talk.ended).rejects.toMatchObject({ code: 'worker/crashed', details: { signal: 'SIGKILL' } })
})

test('a worker that stops when asked ends well', async () => {
  const { talk } = converse(`
    process.on('message', (request) => {
      if (request.type === 'stop') process.send({ type: 'finished', outcome: 'stopped' }, () => process.exit(0))
    })`)
  talk.stop({ type: 'stop' }, 5000)
  expect(await talk.ended).toMatchObject({ outcome: 'stopped' })
})

test('kill -9 from outside settles what was pending', async () => {
  const { talk } = converse(`process.on('message', () => {}); setInterval(() => {}, 1000)`)
  talk.send(START)
  process.kill(talk.pid!, 'SIGKILL')
  await expect(talk.ended).rejects.toMatchObject({ code: 'worker/crashed', details: { signal: 'SIGKILL' } })
  await talk.exited
  expect(talk.alive).toBe(false)
  talk.send(START)
})

test('a program that does not exist is a crash, not an exception', async () => {
  const host = new ForkHost({ workersDirectory: join(directory, 'nowhere') })
  const talk = new WorkerConversation(host, 'import', () => undefined)
  await expect(talk.ended).rejects.toMatchObject({ code: 'worker/crashed' })
})

test('a worker that was started ahead is taken by the next of its kind, and by no other', async () => {
  writeFileSync(
    join(directory, 'import.cjs'),
    `process.on('message', () => process.send({ type: 'finished', outcome: 'completed' }, () => process.exit(0)))`
  )
  host.warm('import')
  host.warm('import')
  const [first, second] = [0, 1].map(() => new WorkerConversation(host, 'import', () => undefined))
  expect(second!.pid).not.toBe(first!.pid)
  for (const talk of [first!, second!]) {
    talk.send(START)
    expect(await talk.ended).toEqual({ type: 'finished', outcome: 'completed' })
    await talk.exited
  }
})

test('one that ends while it waits is a crash as any other', async () => {
  writeFileSync(join(directory, 'import.cjs'), 'process.exit(3)')
  host.warm('import')
  const taken = new WorkerConversation(host, 'import', () => undefined)
  await expect(taken.ended).rejects.toMatchObject({ code: 'worker/crashed', details: { exitCode: 3 } })
})
