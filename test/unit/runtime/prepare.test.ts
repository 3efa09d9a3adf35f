import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { requireCompiler } from '../../../main/engine/runtime/build-binding'
import { outsideAsar } from '../../../main/engine/runtime/compiler'
import { requireSpace } from '../../../main/engine/runtime/files'
import { planRuntime, runtimeFolderName } from '../../../main/engine/runtime/plan'
import { prepareRuntime } from '../../../main/engine/runtime/prepare'
import { findPython } from '../../../main/engine/runtime/python'
import { fakePython, type FakePython } from '../../fixtures/fake-programs'

let root: string
let programs: string
let cache: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whetstone-prepare-'))
  programs = join(root, 'bin')
  cache = join(root, 'cache')
  mkdirSync(programs)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const coded = (code: string, message?: string) =>
  expect.objectContaining({ code, ...(message && { message: expect.stringContaining(message) }) })

describe('finding Python', () => {
  const find = () => findPython({ PATH: programs })

  test('none', () => expect(find()).rejects.toThrow(coded('runtime/no-python', 'python3: not found')))
  test('too old', () => {
    fakePython(programs, 'python3', { version: '3.8.10' })
    return expect(find()).rejects.toThrow(coded('runtime/no-python', '3.8.10 is too old'))
  })
  test('without pip', () => {
    fakePython(programs, 'python3', { pip: null })
    return expect(find()).rejects.toThrow(coded('runtime/no-pip', 'python3 (3.11.2)'))
  })
  test('the first that has all of it', async () => {
    fakePython(programs, 'python3', { pip: null })
    fakePython(programs, 'python', { version: '3.13.0', pip: '25.1' })
    expect(await find()).toEqual({ command: 'python', args: [], version: '3.13.0', pipVersion: '25.1' })
  })
})

const plan = planRuntime('cpu', 'linux', 'x64')
const partial = (): string => join(cache, 'runtime', `${runtimeFolderName(plan)}.partial`)

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('preparing', () => {
  const prepare = (python: FakePython, signal?: AbortSignal, onProgress = vi.fn()) => {
    fakePython(programs, 'python3', python)
    return prepareRuntime({ cacheDirectory: cache, flavour: 'cpu', env: { PATH: programs }, signal, onProgress })
  }
  const expectLetGo = (): void => {
    expect(readdirSync(join(cache, 'runtime')).filter((name) => name.includes('.lock'))).toEqual([])
    expect(existsSync(join(cache, 'runtime', runtimeFolderName(plan)))).toBe(false)
  }

  test('without a network it says so, with its log', async () => {
    const download = 'echo "NewConnectionError: Temporary failure in name resolution" >&2; exit 1'
    const error = await prepare({ download }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'runtime/no-network', details: { logFile: expect.any(String) } })
    const { log, logFile } = (error as { details: { log: string; logFile: string } }).details
    expect(log).toContain('pip: NewConnectionError')
    expect(readFileSync(logFile, 'utf8')).toContain('Python 3.11.2 with pip 23.0.1')
    expectLetGo()
  })

  test('asks for the pinned wheel by name, version and hash', async () => {
    const download = 'while [ $# -gt 0 ]; do [ "$1" = --requirement ] && cat "$2"; shift; done; exit 1'
    const error = await prepare({ download }).catch((thrown: unknown) => thrown)
    const [{ name, version, sha256 }] = plan.wheels as [(typeof plan.wheels)[0]]
    expect(error).toMatchObject({
      details: { output: expect.stringContaining(`${name}==${version} --hash=sha256:${sha256}`) }
    })
  })

  test('a wheel that is not what it should be is deleted', async () => {
    const download = `echo wrong > "$DEST/${plan.wheels[0]!.file}"`
    await expect(prepare({ download })).rejects.toThrow(coded('runtime/corrupt', plan.wheels[0]!.file))
    expect(readdirSync(join(partial(), 'wheels'))).toEqual([])
    expectLetGo()
  })

  test('the growing file is the progress; stopping ends pip; the next start begins cleanly', async () => {
    const stop = new AbortController()
    const half = Math.round(plan.wheels[0]!.bytes / 2)
    // A sparse file: it has the size without taking the disk. Without a compiler, fetching is 42 % of it all.
    const download = `mkdir "$TMPDIR/pip-unpack-1"; truncate -s ${half} "$TMPDIR/pip-unpack-1/x.whl"; exec sleep 60`
    const seen = vi.fn(({ progress }: { progress: number }) => {
      if (progress > 0) stop.abort()
    })
    // pip would sleep for longer than a test may take.
    await expect(prepare({ download }, stop.signal, seen)).rejects.toThrow(coded('job/cancelled'))
    expect(seen.mock.lastCall?.[0]).toMatchObject({
      phase: 'Fetching TensorFlow 2.21 (274 MB)',
      progress: expect.closeTo(0.21, 2)
    })
    expect(statSync(join(partial(), 'scratch', 'pip-unpack-1', 'x.whl')).size).toBe(half)
    expectLetGo()
    await expect(prepare({ download: 'ls "$TMPDIR"; exit 1' })).rejects.toThrow(
      coded('runtime/failed', 'requirements.txt')
    )
    expect(readdirSync(join(partial(), 'scratch'))).toEqual(['requirements.txt'])
  })

  test('a file in the way of the cache folder is named', async () => {
    writeFileSync(cache, '')
    await expect(prepare({})).rejects.toThrow(coded('runtime/failed', cache))
  })
})

test('a disk without room is told before anything is fetched', async () => {
  await expect(requireSpace(root, 1e18)).rejects.toThrow(coded('runtime/disk-full', 'GB are free'))
  await expect(requireSpace(root, 1)).resolves.toBeUndefined()
})

test('sources inside an asar archive are read beside it', () => {
  expect(outsideAsar('/opt/w/resources/app.asar/node_modules/x')).toBe(
    '/opt/w/resources/app.asar.unpacked/node_modules/x'
  )
  expect(outsideAsar('/home/ada/app.asar.unpacked/x')).toBe('/home/ada/app.asar.unpacked/x')
  expect(outsideAsar('/home/ada/whetstone/node_modules/x')).toBe('/home/ada/whetstone/node_modules/x')
})

test('a platform without a compiler of ours needs one of the system', () => {
  const mac = planRuntime('cpu', 'darwin', 'arm64')
  expect(() => requireCompiler([], mac)).toThrow(coded('runtime/no-compiler'))
  expect(() => requireCompiler([{ name: 'clang', command: 'clang++', args: [] }], mac)).not.toThrow()
  expect(() => requireCompiler([], plan)).not.toThrow()
})
