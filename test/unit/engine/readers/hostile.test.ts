import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { interpret } from '../../../../main/engine/backbones/reference'
import { detectAndRead } from '../../../../main/engine/backbones/readers/index'
import { readStoredGraph, writeStoredGraph } from '../../../../main/engine/backbones/stored/stored-graph'

const models = join(import.meta.dirname, '../../../fixtures/models')
let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hostile-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function file(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(root, name), content)
  return join(root, name)
}

const failure = (path: string): Promise<{ code: string; message: string }> =>
  detectAndRead(path).then(
    () => ({ code: 'none', message: '' }),
    (error: { code: string; message: string }) => error
  )

describe('what is no model', () => {
  it('names what was looked for', async () => {
    const error = await failure(await file('notes.txt', 'hello'))
    expect(error.code).toBe('backbone/unknown-format')
    for (const word of ['.h5', '.keras', 'model.json']) expect(error.message).toContain(word)
    expect((await failure(await file('empty', ''))).message).toContain('It is empty')
    await mkdir(join(root, 'folder'))
    expect((await failure(join(root, 'folder'))).message).toContain('saved_model.pb')
    expect(await failure(join(root, 'absent'))).toMatchObject({ code: 'backbone/not-found' })
  })
})

describe('archives', () => {
  it('an entry that climbs out is refused, and nothing is written', async () => {
    const entries = unzipSync(await readFile(join(models, 'transfer.keras')))
    const error = await failure(await file('climb.keras', zipSync({ ...entries, '../climbed.txt': Uint8Array.of(1) })))
    expect(error).toMatchObject({ code: 'backbone/corrupt' })
    expect(error.message).toContain('leads out of the archive')
    await expect(readFile(join(root, '../climbed.txt'))).rejects.toThrow()
  })

  it('an entry that claims more than its bytes can hold is refused before memory is taken', async () => {
    const archive = Buffer.from(zipSync({ 'config.json': new Uint8Array(100) }))
    // The uncompressed size, at 24 in the entry's record of the central directory.
    archive.writeUInt32LE(0x7fff_ffff, archive.indexOf('PK\u0001\u0002') + 24)
    const error = await failure(await file('bomb.keras', archive))
    expect(error).toMatchObject({ code: 'backbone/corrupt' })
    expect(error.message).toContain('claims 2147483647 bytes')
  })

  it('a zip of something else says what it lacks', async () => {
    const error = await failure(await file('other.zip', zipSync({ 'data.pkl': Uint8Array.of(1) })))
    expect(error.message).toContain('config.json')
  })
})

describe('HDF5', () => {
  it.each([0.1, 0.5, 0.99])('cut at %f of its length', async (share) => {
    const bytes = await readFile(join(models, 'transfer.h5'))
    const error = await failure(await file(`cut-${share}.h5`, bytes.subarray(0, bytes.length * share)))
    expect(error).toMatchObject({ code: 'backbone/corrupt' })
  })

  it('goes on reading whole files after a damaged one', async () => {
    await failure(await file('bad.h5', (await readFile(join(models, 'transfer.h5'))).subarray(0, 9000)))
    expect((await detectAndRead(join(models, 'transfer.h5'))).graph).not.toBeNull()
  })
})

describe('TF.js folders', () => {
  it.skipIf(process.platform === 'win32')('a shard that is a device is refused', async () => {
    const folder = join(root, 'device')
    await mkdir(folder)
    await writeFile(join(folder, 'model.json'), await readFile(join(models, 'tfjs-layers/model.json')))
    await symlink('/dev/zero', join(folder, 'group1-shard1of2.bin'))
    expect(await failure(folder)).toMatchObject({ code: 'backbone/corrupt' })
  })

  it('an op that is not known is named', async () => {
    const folder = join(root, 'unknown-op')
    await mkdir(folder)
    const json = await readFile(join(models, 'tfjs-graph/model.json'), 'utf8')
    await writeFile(join(folder, 'model.json'), json.replaceAll('"MaxPool"', '"ResizeBilinear"'))
    for (const shard of ['group1-shard1of2.bin', 'group1-shard2of2.bin']) {
      await writeFile(join(folder, shard), await readFile(join(models, 'tfjs-graph', shard)))
    }
    const error = await failure(folder)
    expect(error).toMatchObject({ code: 'backbone/unsupported-layer' })
    expect(error.message).toContain('ResizeBilinear')
  })
})

describe('a stored network', () => {
  it('comes back as it was, without weights that no node names', async () => {
    const { graph } = await detectAndRead(join(models, 'every-layer.keras'))
    const folder = join(root, 'stored')
    await mkdir(folder)
    graph!.weights.set('unused', { shape: [1], data: Float32Array.of(1) })
    expect(await writeStoredGraph(folder, graph!)).toEqual(['graph.json', 'weights.safetensors'])
    const back = await readStoredGraph(folder)
    expect(back.nodes).toEqual(graph!.nodes)
    expect(back.weights.has('unused')).toBe(false)
    const x = Float32Array.from({ length: 8 * 8 * 3 }, (_, index) => index % 200)
    expect(interpret(back, x)).toEqual(interpret(graph!, x))
  })
})
