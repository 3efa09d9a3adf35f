/** The command line's `models`: documents, errors and exit codes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runProgram } from '../../main/cli/program'
import { openStudio, type StudioFixture } from '../fixtures/studio'

let fixture: StudioFixture

beforeEach(async () => void (fixture = await openStudio()))
afterEach(() => fixture.close())

/** Runs a command on the fixture's studio, which stays open for the next one. */
async function cli(...args: string[]) {
  let stdout = ''
  const code = await runProgram(args, {
    streams: { stdout: { write: (text) => (stdout += text) }, stderr: { write: () => undefined } },
    openStudio: async () => ({ ...fixture.studio, close: async () => undefined }),
    serve: () => Promise.reject(new Error('Nothing is served here.'))
  })
  return { code, stdout, json: <T>() => JSON.parse(stdout) as T }
}

test('models: imported, shown, trained on, removed; each one document with --json', async () => {
  const file = join(fixture.folder, 'Mine.h5')
  writeFileSync(file, '')
  type Shown = { model: { id: string; name: string } }
  const imported = await cli('models', 'import', file, '--name', 'My net', '--json')
  expect(imported).toMatchObject({ code: 0 })
  expect(imported.json<Shown>().model).toMatchObject({ id: 'my-net', name: 'My net' })
  expect(
    (await cli('models', 'list', '--json')).json<{ models: Shown['model'][] }>().models.map(({ id }) => id)
  ).toEqual(expect.arrayContaining(['efficientnet-lite0', 'my-net']))
  const shown = await cli('models', 'show', 'my net')
  expect(shown.stdout).toMatch(/contract +proposed, 40 % sure: A guess\./)
  expect(shown.stdout).toMatch(/at import +both routes differ by/)
  const fitted = await cli('fit', fixture.pictures, '--backbone', 'My net', '--json')
  expect(fitted.json()).toMatchObject({ status: 'completed', backbone: 'my-net' })
  expect(await cli('models', 'remove', 'my-net', '--json')).toMatchObject({ code: 1 })
  expect((await cli('models', 'remove', 'my-net', '--force', '--json')).json()).toEqual({ removed: 'my-net' })
})

test('models: the built-in architectures are listed, and one is created for pictures of a size', async () => {
  const { architectures } = (await cli('models', 'architectures', '--json')).json<{ architectures: { id: string }[] }>()
  expect(architectures[0]).toMatchObject({ id: 'efficientnet-lite0', size: 224, parameters: 3_413_024 })
  const created = await cli('models', 'create', 'mobilenet-v2-0.35', '--size', '96', '--name', 'Blank', '--json')
  expect(created).toMatchObject({ code: 0 })
  expect(created.json()).toMatchObject({ model: { id: 'blank' } })
})

test('models: what goes wrong has a code and an exit code', async () => {
  type Failure = { error: { code: string } }
  const failing = async (...args: string[]) => {
    const { code, json } = await cli('models', ...args, '--json')
    return [code, json<Failure>().error.code]
  }
  writeFileSync(join(fixture.folder, 'broken'), '')
  expect(await failing('import', join(fixture.folder, 'nowhere'))).toEqual([1, 'backbone/no-source'])
  expect(await failing('import', join(fixture.folder, 'broken'))).toEqual([1, 'backbone/corrupt'])
  expect(await failing('show', 'nothing')).toEqual([1, 'backbone/not-found'])
  expect(await failing('fetch', 'resnet')).toEqual([1, 'backbone/unknown-offer'])
  expect(await failing('remove', 'efficientnet-lite0')).toEqual([1, 'backbone/embedded'])
  expect(await failing('import')).toEqual([2, 'usage/invalid'])
  expect(await failing('create', 'x', '--seed', 'many')).toEqual([2, 'usage/invalid'])
  expect(await failing('create', 'resnet50', '--size', '8')).toEqual([2, 'usage/invalid'])
  expect(await failing('create', 'alexnet')).toEqual([1, 'backbone/unknown-architecture'])
  expect((await cli('fit', fixture.pictures, '--backbone', 'nothing', '--json')).json<Failure>().error.code).toBe(
    'backbone/not-found'
  )
})
