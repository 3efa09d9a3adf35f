/** `runs` and all that can be done with them, through the command line. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Run } from '@shared/domain/run'
import { runProgram } from '../../main/cli/program'
import { openStudio, type StudioFixture } from '../fixtures/studio'

let fixture: StudioFixture
let first: string
let second: string

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

async function cli(...args: string[]): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  const code = await runProgram(args, {
    streams: { stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
    openStudio: async () => ({ ...fixture.studio, close: async () => undefined }),
    serve: async () => undefined
  })
  return { code, stdout, stderr }
}

interface Listed {
  total: number
  runs: (Run & { values: Record<string, unknown> })[]
  groups?: {
    values: Record<string, unknown>
    count: number
    measures: Record<string, { mean: number; count: number }>
  }[]
}

const list = async (...args: string[]): Promise<Listed> => {
  const { code, stdout, stderr } = await cli('runs', 'list', '--json', ...args)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return JSON.parse(stdout) as Listed
}
const names = async (...args: string[]): Promise<string[]> => (await list(...args)).runs.map(({ name }) => name)

beforeEach(async () => {
  fixture = await openStudio()
  const fit = (...args: string[]) => cli('fit', fixture.pictures, '--json', ...args)
  first = (JSON.parse((await fit('--name', 'one', '--epochs', '5')).stdout) as { run: string }).run
  second = (JSON.parse((await fit('--name', 'two', '--preset', 'naive', '--seed', '4')).stdout) as { run: string }).run
})
afterEach(() => fixture.close())

test('list filters, sorts, groups and shows columns', async () => {
  expect(await names()).toEqual(['two', 'one'])
  expect((await cli('runs')).stdout.split('\n')[1]).toMatch(/two .* naive +completed/)
  expect(await names('--filter', 'preset = naive')).toEqual(['two'])
  expect(await names('--filter', 'head.epochs = 5 and test.accuracy >= 75%')).toEqual(['one'])
  expect(await names('--sort', 'name')).toEqual(['one', 'two'])
  expect(await names('--sort', '-seed')).toEqual(['two', 'one'])
  expect(await names('--sort', '-mode', '--sort', 'seed', '--limit', '1')).toEqual(['one'])
  expect((await list('--columns', 'seed,head.epochs')).runs.map(({ values }) => values)).toMatchObject([
    { seed: 4 },
    { seed: 1, 'head.epochs': 5 }
  ])
  const { groups, total } = await list('--group', 'mode')
  expect(total).toBe(2)
  expect(groups).toMatchObject([
    { values: { mode: 'head' }, count: 2, measures: { 'test.accuracy': { mean: 0.75, count: 2 } } }
  ])
  const text = (await cli('runs', 'list', '--group', 'preset', '--sort', 'preset')).stdout.split('\n')
  expect(text[0]).toMatch(/^preset +runs +test\.accuracy/)
  expect(text[1]).toMatch(/^default +1 +0\.75 \(1\)/)
  const columns = (await cli('runs', 'list', '--columns', 'seed,backbone', '--limit', '1')).stdout.split('\n')
  expect(columns[0]).toMatch(/^id +name +seed +backbone$/)
  expect(columns[2]).toBe('1 of 2 runs')
})

test('what is wrong in a question is named, with what was meant', async () => {
  const filter = await cli('runs', 'list', '--json', '--filter', 'preste = naive')
  expect(filter.code).toBe(1)
  expect(JSON.parse(filter.stdout)).toMatchObject({ error: { code: 'query/invalid', details: { start: 0, end: 6 } } })
  expect(filter.stderr).toContain("did you mean 'preset'?")
  const sort = await cli('runs', 'list', '--sort', '-test.acuracy')
  expect(sort.code).toBe(1)
  expect(sort.stderr).toContain("Did you mean 'test.accuracy'?")
  expect((await cli('runs', 'list', '--shelf', 'attic')).code).toBe(2)
})

test('tags, notes, star, name', async () => {
  expect((await cli('runs', 'tag', 'one', 'good', 'base line')).code).toBe(0)
  expect((await cli('runs', 'untag', 'one', 'base line')).stdout).toBe('Changed: one\n')
  expect(await names('--filter', 'tag:good')).toEqual(['one'])
  await cli('runs', 'star', 'one', second.slice(0, 6))
  await cli('runs', 'unstar', 'two')
  expect(await names('--filter', 'starred = true')).toEqual(['one'])
  await cli('runs', 'note', 'two', 'the one with\nthe typo')
  expect(await names('--filter', 'typo')).toEqual(['two'])
  const renamed = await cli('runs', 'rename', 'two', 'zwei', '--json')
  expect(JSON.parse(renamed.stdout)).toMatchObject({ runs: [{ id: second, name: 'zwei' }] })
  expect((await cli('runs')).stdout).toMatch(/one ★ .* good\n/)
  expect((await cli('runs', 'tag', 'one', ' ')).code).toBe(2)
  expect((await cli('runs', 'rename', 'one', ' ')).code).toBe(2)
  expect((await cli('runs', 'star', 'one', 'nobody')).stderr).toContain("There is no run 'nobody'.")
})

test('archived, removed, restored, deleted for good', async () => {
  await cli('runs', 'archive', 'one')
  expect(await names()).toEqual(['two'])
  expect(await names('--shelf', 'archived')).toEqual(['one'])
  expect(await names('--shelf', 'all')).toEqual(['two', 'one'])
  await cli('runs', 'unarchive', 'one')
  const folder = join(fixture.folder, 'home', 'runs', first)
  const early = await cli('runs', 'purge', 'one', '--json')
  expect(JSON.parse(early.stdout)).toMatchObject({ error: { code: 'run/not-removed' } })
  expect((await cli('runs', 'remove', 'one', 'two')).stdout).toBe('Removed: one, two\n')
  expect(await names()).toEqual([])
  expect(await names('--shelf', 'removed')).toEqual(['two', 'one'])
  await cli('runs', 'restore', 'two')
  expect(await names()).toEqual(['two'])
  expect(existsSync(folder)).toBe(true)
  expect(JSON.parse((await cli('runs', 'purge', first, '--json')).stdout)).toEqual({
    runs: [{ id: first, name: 'one' }]
  })
  expect(existsSync(folder)).toBe(false)
  expect(await names('--shelf', 'removed')).toEqual([])
})

test('show prints a run, and what it took each test image for', async () => {
  const plain = JSON.parse((await cli('runs', 'show', 'one', '--json')).stdout) as Record<string, unknown>
  expect(Object.keys(plain)).toEqual(['run', 'values', 'evaluation'])
  expect(plain).toMatchObject({
    run: { id: first },
    values: { 'head.epochs': 5, 'test.accuracy': 0.75 },
    evaluation: { accuracy: 0.75 }
  })
  const { stdout } = await cli('runs', 'show', 'one', '--json', '--predictions')
  const { predictions, run } = JSON.parse(stdout) as {
    run: Run
    predictions: { path: string; label: string; predicted: string; probabilities: number[] }[]
  }
  expect(predictions).toHaveLength(4)
  expect(predictions.filter(({ label, predicted }) => label === predicted)).toHaveLength(3)
  for (const { path, label, predicted, probabilities } of predictions) {
    expect(path.startsWith(`${label}/`)).toBe(true)
    expect(existsSync(join(fixture.pictures, path))).toBe(true)
    expect(probabilities).toHaveLength(run.classes.length)
    expect(run.classes[probabilities.indexOf(Math.max(...probabilities))]).toBe(predicted)
    expect(probabilities.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
  }
  const text = (await cli('runs', 'show', 'one', '--predictions')).stdout
  expect(text).toMatch(/^run +one\n/)
  expect(text).toMatch(/test image +label +taken for +probability/)
})

test('export writes the table, and no formula', async () => {
  await cli('runs', 'rename', 'one', '=HYPERLINK("http://x","y")')
  await cli('runs', 'note', 'two', '--', '-2, or so')
  const file = join(fixture.folder, 'runs.csv')
  expect(
    (await cli('runs', 'export', 'csv', file, '--columns', 'notes,test.accuracy,seed', '--sort', 'seed')).code
  ).toBe(0)
  expect(readFileSync(file, 'utf8')).toBe(
    `id,name,notes,test.accuracy,seed\r\n${first},"'=HYPERLINK(""http://x"",""y"")",,0.75,1\r\n${second},two,"'-2, or so",0.75,4\r\n`
  )
  const all = (await cli('runs', 'export', 'csv')).stdout.split('\r\n')
  expect(all[0]).toMatch(/^id,name,tag,state,.*head\.epochs.*,best\.train_loss/)
  expect(all).toHaveLength(4)
  const json = JSON.parse(
    (await cli('runs', 'export', 'json', '--filter', 'seed = 4', '--columns', 'seed,parent')).stdout
  ) as unknown
  expect(json).toEqual([{ id: second, name: 'two', tags: [], notes: '-2, or so', values: { seed: 4, parent: null } }])
  const nowhere = await cli('runs', 'export', 'csv', join(fixture.folder, 'no', 'folder.csv'), '--json')
  expect(JSON.parse(nowhere.stdout)).toMatchObject({ error: { code: 'export/failed' } })
})
