/** Who gets through the loopback door, and what can be reached behind it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest'
import { StudioError } from '@shared/errors'
import { createHttpApp } from '../../main/http/app'
import { listen, type Listening } from '../../main/http/listen'
import { LoopbackGuard } from '../../main/http/loopback-guard'
import { Log } from '../../main/services/log/log'
import { MAX_UPLOAD_BYTES, UploadsService } from '../../main/services/predictions/uploads'
import type { Studio } from '../../main/studio'
import { rawRequest, type RawRequest } from '../fixtures/http-request'

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64'
)

let folder: string
let uploads: UploadsService
let server: Listening
let guard: LoopbackGuard

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'http-'))
  mkdirSync(join(folder, 'renderer/assets'), { recursive: true })
  writeFileSync(join(folder, 'renderer/index.html'), '<!doctype html><title>the page</title>')
  writeFileSync(join(folder, 'renderer/assets/app-abc.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'the secret')
  writeFileSync(join(folder, 'thumb.webp'), 'a thumbnail')
  writeFileSync(join(folder, 'picture.png'), PNG)
  uploads = new UploadsService(join(folder, 'uploads'))
  await uploads.open()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeEach(async () => {
  let port = 0
  guard = new LoopbackGuard(() => port)
  server = await listen(createHttpApp(studio(), { rendererDirectory: join(folder, 'renderer'), security: guard }), 0)
  port = server.port
})
afterEach(() => server.close())

/** As much of a studio as is fetched from. */
function studio(): Studio {
  const known = (imageId: number): void => {
    if (imageId !== 7) throw new StudioError('image/not-found', `There is no image ${imageId}.`)
  }
  const datasets = {
    thumbnailFile: async (imageId: number) => (known(imageId), join(folder, 'thumb.webp')),
    imageFile: async (imageId: number) => (known(imageId), { path: join(folder, 'picture.png'), format: 'png' })
  }
  const info = { version: '1.2.3', door: 'browser', home: '/h', platform: 'linux', versions: {} }
  return { datasets, uploads, info, log: new Log(join(folder, 'logs')) } as unknown as Studio
}

const host = (): string => `127.0.0.1:${server.port}`
const get = (path: string, headers: Record<string, string> = {}) =>
  rawRequest(server.port, path, { headers: { host: host(), ...headers } })
const post = (path: string, request: RawRequest) =>
  rawRequest(server.port, path, { method: 'POST', ...request, headers: { host: host(), ...request.headers } })

/** Exchanges the token. @returns the cookie as a browser sends it back */
async function enter(): Promise<string> {
  const { headers } = await get(`/?token=${guard.token}`)
  return headers['set-cookie']![0]!.split(';')[0]!
}

test('the token is good once, and gives a cookie that no script and no other site can use', async () => {
  expect(guard.address).toBe(`http://127.0.0.1:${server.port}/?token=${guard.token}`)
  const first = await get(`/?token=${guard.token}`)
  expect(first.status).toBe(303)
  expect(first.headers.location).toBe('/')
  const cookie = first.headers['set-cookie']![0]!
  expect(cookie).toMatch(/; HttpOnly/)
  expect(cookie).toMatch(/; SameSite=Strict/)
  expect(cookie).not.toContain(guard.token)
  expect((await get('/', { cookie: cookie.split(';')[0]! })).body.toString()).toContain('the page')

  expect((await get(`/?token=${guard.token}`)).status).toBe(403)
  // The one who entered may follow the printed address again.
  expect((await get(`/?token=${guard.token}`, { cookie: cookie.split(';')[0]! })).status).toBe(303)
})

test('a link on another site opens a page that moves on by itself, because a redirect would not carry the cookie', async () => {
  const { status, body } = await get(`/?token=${guard.token}`, {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate'
  })
  expect(status).toBe(200)
  expect(body.toString()).toContain('http-equiv="refresh"')
})

test.each(['/', '/assets/app-abc.js', '/media/thumb/7', '/rpc/system/info', '/?token=wrong', '/?token='])(
  'without the cookie %s is refused',
  async (path) => {
    const plain = await get(path)
    expect(plain.status).toBe(403)
    expect(plain.json()).toMatchObject({ error: { code: 'request/forbidden' } })
    const page = await get(path, { accept: 'text/html' })
    expect(page.status).toBe(403)
    expect(page.body.toString()).toContain('the address that the studio printed')
  }
)

test('a wrong cookie is no cookie', async () => {
  const cookie = await enter()
  expect((await get('/', { cookie: `${cookie}x` })).status).toBe(403)
  expect((await get('/', { cookie: cookie.slice(0, -1) })).status).toBe(403)
})

test.each(['evil.example', 'evil.example:80', '127.0.0.1', 'localhost', '127.0.0.1:1', '[::1]'])(
  'the name %j is not the studio (DNS rebinding)',
  async (name) => {
    const cookie = await enter()
    expect((await get('/', { cookie, host: name })).status).toBe(403)
  }
)

test('localhost is the studio as well', async () => {
  const cookie = await enter()
  expect((await get('/', { cookie, host: `localhost:${server.port}` })).status).toBe(200)
})

test.each<Record<string, string>>([
  { origin: 'http://evil.example' },
  { origin: 'null' },
  { origin: 'http://127.0.0.1:1' },
  { origin: 'https://127.0.0.1' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' }
])('a call that another site sends is refused: %j', async (headers) => {
  const cookie = await enter()
  const call = { body: '{}', headers: { cookie, 'content-type': 'application/json', ...headers } }
  expect((await post('/rpc/system/info', call)).status).toBe(403)
  expect((await post('/upload', { ...call, body: PNG })).status).toBe(403)
  const form = { ...headers, cookie, 'sec-fetch-mode': 'navigate' }
  expect((await post('/rpc/system/info', { body: '{}', headers: form })).status).toBe(403)
})

test('the own page calls and is answered, and every answer says what a page may do', async () => {
  const cookie = await enter()
  const origin = `http://${host()}`
  const headers = { cookie, origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
  const answer = await post('/rpc/system/info', { body: '{}', headers })
  expect(answer.status).toBe(200)
  expect(answer.json()).toMatchObject({ json: { version: '1.2.3' } })
  for (const { headers } of [
    answer,
    await get('/', { cookie }),
    await get('/nothing.js'),
    await get('/media/thumb/7', { cookie })
  ]) {
    expect(headers['content-security-policy']).toContain("default-src 'self'")
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['content-security-policy']).toContain("script-src 'self';")
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
  }
})

test.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/assets/..%5c..%5csecret.txt',
  '/%2fetc/passwd',
  '/assets/%00.js',
  '/%',
  '/media/thumb/..%2f..%2fsecret.txt',
  '/media/image/7%2f..%2f..%2fsecret.txt'
])('%s does not lead out of the folder', async (path) => {
  const { status, body } = await get(path, { cookie: await enter() })
  expect(body.toString()).not.toContain('the secret')
  expect(body.toString()).not.toContain('root:')
  expect([200, 400, 404]).toContain(status)
  if (status === 200) expect(body.toString()).toContain('the page')
})

test('files have their type, addresses of screens get the page, and what is missing is missing', async () => {
  const cookie = await enter()
  const script = await get('/assets/app-abc.js', { cookie })
  expect(script.headers['content-type']).toMatch(/javascript/)
  expect(script.headers['cache-control']).toContain('immutable')
  const screen = await get('/runs/abc', { cookie })
  expect(screen.body.toString()).toContain('the page')
  expect(screen.headers['cache-control']).toBe('no-cache')
  expect((await get('/assets/gone.js', { cookie })).status).toBe(404)
  expect((await post('/rpc/system/nothing', { body: '{}', headers: { cookie } })).status).toBe(404)
})

test('pictures are found by the id of an image and by nothing else', async () => {
  const cookie = await enter()
  const thumb = await get('/media/thumb/7', { cookie })
  expect(thumb.body.toString()).toBe('a thumbnail')
  expect(thumb.headers['content-type']).toBe('image/webp')
  expect(thumb.headers['cache-control']).toContain('immutable')
  const picture = await get('/media/image/7', { cookie })
  expect(picture.headers['content-type']).toBe('image/png')
  expect(picture.body.equals(PNG)).toBe(true)
  for (const id of ['8', '-7', '7.0', 'x', '7e0', '99999999999999999999']) {
    const { status, json } = await get(`/media/thumb/${id}`, { cookie })
    expect(status).toBe(404)
    expect(json()).toMatchObject({ error: { code: 'image/not-found' } })
  }
})

test('a picture is taken and kept under a name of the studio; anything else is refused and leaves nothing', async () => {
  const cookie = await enter()
  const headers = { cookie, 'x-file-name': encodeURIComponent('../../Zoë "1".png') }
  const taken = await post('/upload', { headers, body: PNG })
  expect(taken.status).toBe(200)
  const { uploadId } = taken.json() as { uploadId: string }
  expect(uploads.get(uploadId)).toMatchObject({ name: '../../Zoë "1".png', path: join(folder, 'uploads', uploadId) })
  expect(readdirSync(join(folder, 'uploads'))).toEqual([uploadId])

  const text = await post('/upload', { headers, body: 'not a picture at all' })
  expect(text.json()).toMatchObject({ error: { code: 'image/unsupported' } })
  const nothing = await post('/upload', { headers, body: '' })
  expect(nothing.json()).toMatchObject({ error: { code: 'image/empty-file' } })
  const announced = await post('/upload', {
    headers: { ...headers, 'content-length': String(MAX_UPLOAD_BYTES + 1) },
    body: PNG
  }).catch(() => null)
  if (announced) expect(announced.status).toBe(413)
  expect(readdirSync(join(folder, 'uploads'))).toEqual([uploadId])
})

test('an upload whose length nobody announced is cut off at the limit', async () => {
  const limited = new UploadsService(join(folder, 'limited'))
  await limited.open()
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(Buffer.concat([PNG, Buffer.alloc(1 << 20)]))
      sent += 1 << 20
    }
  })
  await expect(limited.add('big.png', endless as never)).rejects.toMatchObject({ code: 'upload/too-large' })
  expect(sent).toBeLessThan(MAX_UPLOAD_BYTES * 1.2)
  expect(readdirSync(join(folder, 'limited'))).toEqual([])
})
