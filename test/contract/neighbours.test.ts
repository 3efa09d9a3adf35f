import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { Neighbours } from '../../main/services/system/neighbours'
import { Owners } from '../../main/services/system/owners'
import { openRuns, type RunsFixture } from '../fixtures/runs-service'
import { newRun } from '../fixtures/store'

let fixture: RunsFixture
let neighbours: Neighbours
let other: ChildProcess
afterEach(async () => {
  neighbours.close()
  other.kill('SIGKILL')
  await fixture.close()
})

test('what another process changes is noticed, and nothing is read while there is none', async () => {
  fixture = await openRuns(() => undefined)
  const { folder, store } = fixture
  const datasetId = await fixture.addDataset()
  const owners = new Owners(folder)
  const list = vi.fn(store.runs.list.bind(store.runs))
  neighbours = new Neighbours({ ...store, runs: Object.assign(Object.create(store.runs), { list }) }, owners, 10)
  const heard = vi.fn()
  neighbours.onChange(heard)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(list).not.toHaveBeenCalled()

  other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  await new Promise((resolve) => other.on('spawn', resolve))
  writeFileSync(join(folder, String(other.pid)), '')
  await vi.waitFor(() => expect(list).toHaveBeenCalled())
  expect(heard).not.toHaveBeenCalled()
  await store.runs.create(newRun(datasetId), other.pid!)
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1))
})
