import { expect, test, vi } from 'vitest'
import { toErrorData } from '@shared/errors'
import { JobsService } from '../../main/services/jobs/jobs'

const request = { kind: 'import' as const, title: 'Import pets', stoppable: true }

test('a job tells its progress and an ETA measured from its own rate', () => {
  let now = 1000
  const jobs = new JobsService(() => now)
  const handle = jobs.start({ ...request, datasetId: 'd1' })
  handle.progress({ phase: 'Reading', done: 0, total: 100 })
  expect(handle.job().etaSeconds).toBeNull()
  now += 2000
  handle.progress({ phase: 'Reading', done: 20, total: 100 })
  expect(handle.job()).toMatchObject({ done: 20, total: 100, etaSeconds: 8, datasetId: 'd1', runId: null })
  handle.progress({ phase: 'Writing', done: 0, total: 10, etaSeconds: 3 })
  expect(handle.job().etaSeconds).toBe(3)
})

test('a job is settled once, and its waiters are told', async () => {
  const jobs = new JobsService()
  const handle = jobs.start(request)
  const settled = jobs.settled(handle.id)
  handle.fail(toErrorData(new Error('boom')))
  handle.done()
  handle.progress({ phase: 'late', done: 1, total: 1 })
  expect((await settled).state).toBe('failed')
  expect(handle.job()).toMatchObject({ state: 'failed', phase: '', error: { code: 'internal' } })
})

test('cancel asks the owner once, and the owner ends the job', () => {
  const jobs = new JobsService()
  const onStop = vi.fn()
  const handle = jobs.start({ ...request, onStop })
  jobs.cancel(handle.id)
  expect(onStop).toHaveBeenCalledTimes(1)
  expect(handle.job()).toMatchObject({ state: 'running', phase: 'Stopping', stoppable: false })
  expect(() => jobs.cancel(handle.id)).toThrow(expect.objectContaining({ code: 'job/not-stoppable' }))
  handle.cancelled()
  expect(handle.job().state).toBe('cancelled')
  expect(() => jobs.cancel(handle.id)).toThrow(expect.objectContaining({ code: 'job/not-found' }))
})

test('only the newest ended jobs are kept, and running ones come first', () => {
  let now = 0
  const jobs = new JobsService(() => now++, 3)
  const running = jobs.start({ ...request, title: 'long' })
  for (let index = 0; index < 5; index++) jobs.start({ ...request, title: `short ${index}` }).done()
  expect(jobs.list().map(({ title }) => title)).toEqual(['long', 'short 4', 'short 3', 'short 2'])
  expect(jobs.list()[0]!.id).toBe(running.id)
})

test('listeners hear each change until they leave', () => {
  const jobs = new JobsService()
  const listener = vi.fn()
  const leave = jobs.onChange(listener)
  const handle = jobs.start(request)
  handle.done()
  expect(listener).toHaveBeenCalledTimes(2)
  leave()
  jobs.start(request)
  expect(listener).toHaveBeenCalledTimes(2)
})
