/** Kept code as a command keeps it: in real processes of Node. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildFolder, bundle } from '../fixtures/bundle'

const built = buildFolder('compiled-code')
let root: string

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'compiled-code-'))
  await bundle({ 'compiled-code': 'main/compiled-code.ts' }, built)
  writeFileSync(join(root, 'later.cjs'), 'module.exports = function answer() { return 42 }')
  writeFileSync(
    join(root, 'start.cjs'),
    `require(process.argv[2]).keepCompiledCode(process.argv[3])
    console.log(JSON.stringify([require('./later.cjs')(), process.env.NODE_COMPILE_CACHE ?? null]))`
  )
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function start(directory: string, more: NodeJS.ProcessEnv = {}): unknown {
  const rest = { ...process.env }
  delete rest['NODE_COMPILE_CACHE']
  const args = [join(root, 'start.cjs'), join(built, 'compiled-code.cjs'), directory]
  return JSON.parse(execFileSync(process.execPath, args, { env: { ...rest, ...more }, encoding: 'utf8' }))
}

test.runIf('enableCompileCache' in module)('what is loaded afterwards is kept, here and in children', () => {
  const directory = join(root, 'code')
  for (let time = 0; time < 2; time++) expect(start(directory)).toEqual([42, directory])
  expect(readdirSync(directory, { recursive: true }).length).toBeGreaterThan(1)
})

test('who says where, or not at all, is obeyed', () => {
  const directory = join(root, 'unwanted')
  expect(start(directory, { NODE_COMPILE_CACHE: join(root, 'own') })).toEqual([42, join(root, 'own')])
  expect(start(directory, { NODE_DISABLE_COMPILE_CACHE: '1' })).toEqual([42, null])
  expect(existsSync(directory)).toBe(false)
})

test('a place that cannot be written to is no obstacle', () => {
  expect((start(join(root, 'later.cjs', 'below')) as unknown[])[0]).toBe(42)
})
