import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Owners } from '../../main/services/system/owners'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'owners-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a process is alive while it runs and is noted; the same id of another program is not', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  await new Promise((resolve) => child.on('spawn', resolve))
  const owners = new Owners(folder)
  expect(owners.isAlive(child.pid!)).toBe(false)
  // Without a start time the id alone has to do.
  writeFileSync(join(folder, String(child.pid)), '')
  expect(owners.isAlive(child.pid!)).toBe(true)
  if (process.platform === 'linux') {
    writeFileSync(join(folder, String(child.pid)), '1')
    expect(owners.isAlive(child.pid!)).toBe(false)
  }
  writeFileSync(join(folder, String(child.pid)), '')
  const gone = new Promise((resolve) => child.on('exit', resolve))
  child.kill('SIGKILL')
  await gone
  expect(owners.isAlive(child.pid!)).toBe(false)
})

test('work noted under the own id is that of a former process', () => {
  const owners = new Owners(folder)
  owners.register()
  expect(owners.isAlive(process.pid)).toBe(false)
  owners.unregister()
})
