/** The client over a real MessagePort, and what becomes of the errors on either way. */
import { createORPCClient, ORPCError } from '@orpc/client'
import { implement } from '@orpc/server'
import { RPCHandler } from '@orpc/server/message-port'
import { afterEach, expect, test, vi } from 'vitest'
import { contract } from '@shared/contract'
import { CONNECT_MESSAGE } from '@shared/bridge'
import { StudioError } from '@shared/errors'
import type { StudioClient } from '../../renderer/api/client'
import { isAbort, toStudioError } from '../../renderer/api/errors'
import { StudioLink } from '../../renderer/api/link'
import { mediaUrl, upload } from '../../renderer/api/media'

const os = implement({
  system: { browse: contract.system.browse },
  predictions: { folder: contract.predictions.folder }
})
const router = os.router({
  system: {
    browse: os.system.browse.handler(({ input, errors }) => {
      if (input.path === '/gone') {
        const error = new StudioError('dataset/folder-missing', 'There is no folder /gone.', { path: '/gone' })
        throw errors.STUDIO({ data: error.toData() })
      }
      return { path: input.path ?? '/home', parent: null, folders: [], imageCount: 3, models: [] }
    })
  },
  predictions: {
    folder: os.predictions.folder.handler(async function* ({ errors }) {
      yield { done: 1, total: 2, predictions: [] }
      throw errors.STUDIO({ data: new StudioError('run/no-checkpoint', 'Run a has no checkpoint.').toData() })
    })
  }
})

const opened: MessagePort[] = []

/** A window whose bridge connects each port that the page posts. */
function openWindow(): void {
  const handler = new RPCHandler(router)
  vi.stubGlobal('window', {
    whetstone: {},
    location: { origin: 'studio://app' },
    postMessage: (message: unknown, origin: string, [port]: MessagePort[]) => {
      expect([message, origin]).toEqual([CONNECT_MESSAGE, 'studio://app'])
      opened.push(port!)
      handler.upgrade(port!)
      port!.start()
    }
  })
}

afterEach(() => {
  for (const port of opened.splice(0)) port.close()
  vi.unstubAllGlobals()
})

const client = (): StudioClient => createORPCClient(new StudioLink())

test('calls over the port answer, and a coded error arrives as the error it was', async () => {
  openWindow()
  const api = client()
  expect(await api.system.browse({ path: null })).toMatchObject({ path: '/home', imageCount: 3, models: [] })
  const error = await api.system.browse({ path: '/gone' }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(StudioError)
  expect(error).toMatchObject({
    code: 'dataset/folder-missing',
    message: 'There is no folder /gone.',
    details: { path: '/gone' }
  })
  expect(opened).toHaveLength(1)
})

test('a stream delivers what came before its failure, and the failure with its code', async () => {
  openWindow()
  const done: number[] = []
  const reading = async (): Promise<void> => {
    for await (const part of await client().predictions.folder({ runId: 'a', path: '/b' })) done.push(part.done)
  }
  await expect(reading()).rejects.toMatchObject({ code: 'run/no-checkpoint', message: 'Run a has no checkpoint.' })
  expect(done).toEqual([1])
})

test('a port that closes is replaced at the next call', async () => {
  openWindow()
  const api = client()
  await api.system.browse({ path: '/a' })
  opened[0]!.close()
  await vi.waitFor(async () => {
    await api.system.browse({ path: '/b' })
    expect(opened).toHaveLength(2)
  })
})

test('each kind of failure has its code; an abort stays an abort', () => {
  expect(toStudioError(new TypeError('Failed to fetch'))).toMatchObject({ code: 'request/unreachable' })
  expect(toStudioError(new ORPCError('FORBIDDEN', { status: 403 }))).toMatchObject({ code: 'request/forbidden' })
  expect(toStudioError(new ORPCError('NOT_FOUND', { status: 404, message: 'No procedure' }))).toMatchObject({
    code: 'internal',
    message: 'The studio could not answer: No procedure.'
  })
  expect(toStudioError(new RangeError('odd'))).toMatchObject({ code: 'internal' })
  const abort = new DOMException('stopped', 'AbortError')
  expect(toStudioError(abort)).toBe(abort)
  expect(isAbort(abort)).toBe(true)
})

const respond = (status: number, body: unknown) =>
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => Response.json(body, { status }))
  )

test('an upload names its file, whatever its name, and gives back the id', async () => {
  respond(200, { uploadId: 'u1' })
  expect(await upload(new File(['x'], 'größe 大.png', { type: 'image/png' }))).toBe('u1')
  const [address, init] = vi.mocked(fetch).mock.calls[0]!
  expect(address).toBe('/upload')
  expect(new Headers(init!.headers).get('x-file-name')).toBe(encodeURIComponent('größe 大.png'))
})

test('an upload that is refused says why; one that gets nowhere is unreachable', async () => {
  const file = new File(['x'], 'a.png')
  respond(413, { error: new StudioError('upload/too-large', 'a.png has 80 MB.').toData() })
  await expect(upload(file)).rejects.toMatchObject({ code: 'upload/too-large', message: 'a.png has 80 MB.' })
  respond(500, 'broken')
  await expect(upload(file)).rejects.toMatchObject({ code: 'internal' })
  vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('Failed to fetch')))
  await expect(upload(file)).rejects.toMatchObject({ code: 'request/unreachable' })
})

test('pictures have the same address through both doors', () => {
  expect([mediaUrl.thumb(7), mediaUrl.image(7)]).toEqual(['/media/thumb/7', '/media/image/7'])
})
