import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { readKnownLoad, writeKnownLoad } from '../../../main/engine/runtime/known-load'

let location: RuntimeLocation
const file = (): string => join(location.directory, 'loaded.json')
const LOAD = { version: '2.21.0', device: 'CPU' }

beforeEach(() => {
  location = { directory: mkdtempSync(join(tmpdir(), 'known-load-')), version: '2.21.0', flavour: 'cpu' }
})
afterEach(() => rmSync(location.directory, { recursive: true, force: true }))

test('what was written is known, before it nothing', async () => {
  expect(await readKnownLoad(location)).toBeNull()
  await writeKnownLoad(location, LOAD)
  expect(await readKnownLoad(location)).toEqual(LOAD)
})

test('what was learned by another program, or on another machine, does not count', async () => {
  await writeKnownLoad(location, LOAD)
  writeFileSync(file(), readFileSync(file(), 'utf8').replace(process.versions.node, '0.1.2'))
  expect(await readKnownLoad(location)).toBeNull()
})

test('a torn file is as none, and a folder that cannot be written to does no harm', async () => {
  await writeKnownLoad(location, LOAD)
  writeFileSync(file(), readFileSync(file(), 'utf8').slice(0, 20))
  expect(await readKnownLoad(location)).toBeNull()
  await writeKnownLoad({ ...location, directory: join(location.directory, 'missing') }, LOAD)
})
