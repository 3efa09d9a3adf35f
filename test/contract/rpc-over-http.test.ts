/** The contract over the loopback door, through the client that the page uses. */
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Contract } from '@shared/contract'
import { presetConfig } from '@shared/domain/presets'
import { createHttpApp } from '../../main/http/app'
import { listen, type Listening } from '../../main/http/listen'
import { LoopbackGuard } from '../../main/http/loopback-guard'
import { openStudio, type StudioFixture } from '../fixtures/studio'

let fixture: StudioFixture
let server: Listening
let api: ContractRouterClient<Contract>

beforeEach(async () => {
  fixture = await openStudio()
  let port = 0
  const security = new LoopbackGuard(() => port)
  server = await listen(createHttpApp(fixture.studio, { rendererDirectory: '/nowhere', security }), 0)
  port = server.port
  const entered = await fetch(security.address, { redirect: 'manual' })
  const cookie = entered.headers.get('set-cookie')!.split(';')[0]!
  api = createORPCClient(new RPCLink({ url: `http://127.0.0.1:${port}/rpc`, headers: { cookie } }))
})
afterEach(async () => {
  await server.close()
  await fixture.close()
})

test('a run is watched from its start to its end', async () => {
  const { dataset, job } = await api.datasets.import({ path: fixture.pictures })
  await fixture.studio.jobs.settled(job.id)
  const run = await api.runs.start({ datasetId: dataset.id, config: presetConfig('default', 'head') })
  const types: string[] = []
  for await (const event of await api.runs.watch({ runId: run.id })) types.push(event.type)
  expect(types[0]).toBe('snapshot')
  expect(types.at(-1)).toBe('run')
  expect(await api.runs.get({ runId: run.id })).toMatchObject({ state: 'completed', test: { accuracy: 0.75 } })
})

test('errors keep code and details on the way', async () => {
  const error: unknown = await api.runs.get({ runId: 'none' }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ORPCError)
  expect((error as ORPCError<string, unknown>).data).toMatchObject({
    code: 'run/not-found',
    details: { runId: 'none' }
  })
})

test('a page that closes is forgotten at once', async () => {
  const left = vi.fn()
  const { status } = fixture.studio
  const watch = status.watch.bind(status)
  vi.spyOn(status, 'watch').mockImplementation((signal) => {
    const feed = watch(signal)
    const leave = feed.return.bind(feed)
    feed.return = () => {
      left()
      return leave()
    }
    return feed
  })
  const closing = new AbortController()
  const stream = await api.system.watch(undefined, { signal: closing.signal })
  expect((await stream.next()).value).toHaveProperty('revision')
  expect(left).not.toHaveBeenCalled()
  closing.abort()
  await vi.waitFor(() => expect(left).toHaveBeenCalled())
})

test('closing the studio ends the streams', async () => {
  const stream = await api.system.watch()
  await stream.next()
  fixture.studio.status.close()
  let last = await stream.next()
  while (!last.done) last = await stream.next()
  expect(last.done).toBe(true)
})
