import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../main/store/open'
import { buildFolder, bundle } from '../fixtures/bundle'
import { addDataset, newImage, newRun } from '../fixtures/store'

const built = buildFolder('store')
const threadFile = join(built, 'store-thread.cjs')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  await bundle({ 'store-thread': 'main/store/thread.ts', store: 'main/store/open-in-process.ts' }, built)
})
afterAll(() => rm(folder, { recursive: true }))

describe('the store in its thread', () => {
  it('answers as the store in this thread does, errors with their codes', async () => {
    const store = await openStore({ file: join(folder, 'a.db'), threadFile })
    const datasetId = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')])
    const run = newRun(datasetId, { name: 'threaded' })
    await store.runs.create(run, 4711)
    await store.runs.appendPoints(run.id, [{ series: 'train_loss', step: 0, epoch: 0, timeMs: 1, value: NaN }])
    expect(await store.runs.points(run.id)).toEqual([
      { series: 'train_loss', step: 0, epoch: 0, timeMs: 1, value: null }
    ])
    await expect(store.runs.resolve('nobody')).rejects.toMatchObject({
      name: 'StudioError',
      code: 'run/not-found',
      hint: 'Check the id or name with `runs`.'
    })
    expect((await store.runs.interruptOrphans(() => false)).map(({ id }) => id)).toEqual([run.id])
    await store.close()
    await expect(store.runs.list()).rejects.toMatchObject({ code: 'store/closed' })
    const again = await openStore({ file: join(folder, 'a.db'), threadFile })
    expect(await again.runs.get(run.id)).toMatchObject({ name: 'threaded', state: 'interrupted' })
    await again.close()
  })

  it('lets the calls under way end before it closes', async () => {
    const store = await openStore({ file: join(folder, 'b.db'), threadFile })
    const writes = Array.from({ length: 50 }, (_, index) => store.facts.set(`fact ${index}`, index))
    await Promise.all([store.close(), store.close()])
    await Promise.all(writes)
    const again = await openStore({ file: join(folder, 'b.db'), threadFile })
    expect(await again.facts.get('fact 49')).toBe(49)
    await again.close()
  })

  it('refuses to open what cannot be opened', async () => {
    const file = join(folder, 'garbage.db')
    await writeFile(file, 'no database at all')
    await expect(openStore({ file, threadFile })).rejects.toMatchObject({ code: 'store/corrupt' })
    await expect(openStore({ file: join(folder, 'c.db'), threadFile: join(folder, 'none.cjs') })).rejects.toMatchObject(
      {
        code: 'store/closed'
      }
    )
  })

  it('settles every call when the thread dies', async () => {
    const dying = join(folder, 'dying.cjs')
    await writeFile(
      dying,
      `const { parentPort } = require('node:worker_threads')
       parentPort.on('message', () => setTimeout(() => { throw new Error('out of luck') }, 20))
       parentPort.postMessage({ type: 'opened' })`
    )
    const store = await openStore({ file: join(folder, 'd.db'), threadFile: dying })
    const calls = await Promise.allSettled([store.runs.list(), store.datasets.list(), store.facts.get('x')])
    expect(calls.map((call) => call.status === 'rejected' && call.reason.code)).toEqual(Array(3).fill('store/closed'))
    await expect(store.runs.list()).rejects.toMatchObject({ code: 'store/closed' })
    await store.close()
  })
})

describe('two processes', () => {
  const script = `
    const { openStoreInProcess } = require(process.argv[1])
    ;(async () => {
      const store = await openStoreInProcess(process.argv[2])
      for (let n = 0; n < 100; n++) await store.facts.set(process.argv[3] + n, n)
      await store.close()
    })().catch((error) => { console.error(error); process.exit(1) })`

  const write = (file: string, prefix: string): Promise<string> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['-e', script, join(built, 'store.cjs'), file, prefix])
      let errors = ''
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
      child.on('close', (code) => resolve(`${code}${errors}`))
    })

  it('lose nothing that was answered when one is killed', async () => {
    const file = join(folder, 'killed.db')
    const endless = `
      require(process.argv[1]).openStoreInProcess(process.argv[2]).then(async (store) => {
        for (let n = 0; ; n++) {
          await store.facts.set('k' + n, n)
          if (n % 50 === 0) process.stdout.write(n + '\\n')
        }
      })`
    const child = spawn(process.execPath, ['-e', endless, join(built, 'store.cjs'), file])
    const last = await new Promise<number>((resolve) =>
      child.stdout.on('data', (chunk: Buffer) => {
        const told = Number(chunk.toString().trim().split('\n').at(-1))
        if (told >= 200) resolve(told)
      })
    )
    child.kill('SIGKILL')
    await once(child, 'close')
    const store = await openStore({ file, threadFile })
    for (let n = 0; n <= last; n++) expect(await store.facts.get(`k${n}`)).toBe(n)
    await store.close()
  })

  it('open a new database at once, and write into it side by side', async () => {
    const file = join(folder, 'shared.db')
    expect(await Promise.all(['a', 'b', 'c'].map((prefix) => write(file, prefix)))).toEqual(['0', '0', '0'])
    const store = await openStore({ file, threadFile })
    for (const prefix of ['a', 'b', 'c']) expect(await store.facts.get(`${prefix}99`)).toBe(99)
    await store.close()
  })
})
