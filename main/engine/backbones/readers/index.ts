/** The one way in for a foreign model: finds out by content and layout what it is, and has its reader read it. */
import { open, readdir, stat } from 'node:fs/promises'
import { StudioError } from '@shared/errors'
import type { ImportedModel } from './imported-model'
import type { Probe, Reader, ReadOptions } from './reader'
import { READERS } from './registry'

/** Bytes of a file's beginning that tell its format. */
const HEAD = 16

/**
 * @param path of a file, or of a folder that holds one model.
 * @throws StudioError backbone/not-found (nothing there), backbone/unknown-format (names what was looked for), and what the
 *   reader of the format throws: backbone/corrupt, backbone/unsupported-layer, backbone/incomplete.
 */
export async function detectAndRead(path: string, options: ReadOptions = {}): Promise<ImportedModel> {
  const reader = await detect(path)
  return reader.read(path, options)
}

async function detect(path: string): Promise<Reader> {
  const probe = await look(path)
  const reader = READERS.find(({ recognises }) => recognises(probe))
  if (reader) return reader
  const kinds = READERS.filter(({ kind }) => kind === probe.kind || kind === 'either').map(({ looksFor }) => looksFor)
  const what = probe.kind === 'folder' ? 'The folder' : 'The file'
  const zero = probe.kind === 'file' && probe.head.length === 0 ? ' It is empty.' : ''
  throw new StudioError(
    'backbone/unknown-format',
    `${what} '${path}' is no model that can be read.${zero} Looked for: ${kinds.join('; ')}.`,
    { path }
  )
}

async function look(path: string): Promise<Probe> {
  try {
    const information = await stat(path)
    if (information.isDirectory()) return { path, kind: 'folder', head: new Uint8Array(), names: await readdir(path) }
    if (!information.isFile()) throw new Error('it is neither a file nor a folder')
    return { path, kind: 'file', head: await readHead(path), names: [] }
  } catch (error) {
    throw new StudioError('backbone/not-found', `'${path}' cannot be read: ${(error as Error).message}.`, { path })
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
