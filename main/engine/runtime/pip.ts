/** Fetches pinned wheels with the user's own pip, whose settings (mirror, proxy, certificates) stay in force. */
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError, type ErrorCode } from '@shared/errors'
import { runChild } from './child'
import { fileSha256, removeTree } from './files'
import type { Log } from './log'
import { PYTHON_TAG, type Wheel } from './plan'
import type { Python } from './python'

export interface FetchOptions {
  python: Python
  wheels: Wheel[]
  tags: string[]
  /** Where the wheels end up. What already lies there and matches its hash is not fetched again. */
  directory: string
  /** Emptied at the start; where pip puts what it is fetching. */
  scratch: string
  log: Log
  signal?: AbortSignal
  env?: NodeJS.ProcessEnv
  /** What is fetched, for messages. */
  what?: string
  /** Bytes on disk so far; four times a second. */
  onBytes: (bytes: number) => void
}

const POLL_MS = 250

/**
 * Pip checks every wheel against its pinned hash while it fetches; the files are hashed once more afterwards.
 *
 * @returns paths of the wheels, in their order
 * @throws StudioError runtime/no-network, runtime/corrupt, runtime/disk-full, runtime/failed
 */
export async function fetchWheels(options: FetchOptions): Promise<string[]> {
  const { wheels, directory, log } = options
  const paths = wheels.map(({ file }) => join(directory, file))
  const missing: Wheel[] = []
  for (const wheel of wheels) if (!(await matches(join(directory, wheel.file), wheel))) missing.push(wheel)
  for (const wheel of missing) await removeTree(join(directory, wheel.file))
  if (missing.length > 0) await download(missing, options)
  else log.write('Every wheel is already here.')
  for (const wheel of missing) {
    if (await matches(join(directory, wheel.file), wheel)) continue
    await removeTree(join(directory, wheel.file))
    throw new StudioError('runtime/corrupt', `${wheel.file} does not match its SHA-256 and was deleted.`, { ...wheel })
  }
  return paths
}

async function download(wheels: Wheel[], options: FetchOptions): Promise<void> {
  const { python, tags, directory, scratch, log, signal, onBytes } = options
  const requirements = join(scratch, 'requirements.txt')
  await writeFile(requirements, wheels.map((w) => `${w.name}==${w.version} --hash=sha256:${w.sha256}\n`).join(''))
  const args = [
    ...[...python.args, '-m', 'pip', 'download', '--require-hashes', '--no-deps', '--only-binary', ':all:'],
    ...['--python-version', PYTHON_TAG, ...tags.flatMap((tag) => ['--platform', tag])],
    // A copy in pip's own cache would take as much disk again.
    ...['--no-cache-dir', '--progress-bar', 'off', '--retries', '3'],
    ...['--dest', directory, '--requirement', requirements]
  ]
  const poll = setInterval(() => void fetchedSoFar([directory, scratch]).then(onBytes), POLL_MS)
  try {
    const result = await runChild(python.command, args, {
      signal,
      env: { ...(options.env ?? process.env), ...PIP_ENVIRONMENT, TMPDIR: scratch, TEMP: scratch, TMP: scratch },
      onLine: (line) => log.write(`pip: ${line}`)
    })
    if (result.code !== 0) throw pipError(result.stdout + result.stderr, result.spawnError ?? result.code, options.what)
  } finally {
    clearInterval(poll)
  }
}

const PIP_ENVIRONMENT = {
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_INPUT: '1',
  // Nothing is installed, so a user's wish to install into virtual environments only does not matter here.
  PIP_REQUIRE_VIRTUALENV: '0',
  PYTHONUNBUFFERED: '1'
}

/** In order: the first that matches pip's words says what went wrong. */
const PIP_FAILURES: [RegExp, ErrorCode, (what: string) => string][] = [
  [
    /No space left on device|\[Errno 28\]|WinError 112/i,
    'runtime/disk-full',
    (what) => `The disk filled up while ${what} was fetched.`
  ],
  [/DO NOT MATCH THE HASHES/i, 'runtime/corrupt', () => 'What was fetched does not match its SHA-256.'],
  [
    /NewConnectionError|ConnectTimeoutError|ReadTimeoutError|Read timed out|NameResolutionError|ProxyError|SSLError|Failed to establish a new connection|Temporary failure in name resolution|getaddrinfo failed|nodename nor servname|Name or service not known|Network is unreachable|Connection (refused|reset|aborted)|ConnectionResetError|IncompleteRead|ProtocolError/i,
    'runtime/no-network',
    (what) => `${what} could not be fetched: the package index cannot be reached.`
  ],
  [
    /No matching distribution found/i,
    'runtime/failed',
    (what) => `The package index that pip is set to does not have the version of ${what} that is needed.`
  ]
]

/** @param text everything pip printed; @param exit its exit code, or why it did not start; @param what was being fetched */
export function pipError(text: string, exit: number | string | null, what = 'TensorFlow'): StudioError {
  const details = { exit, output: text.slice(-4000) }
  for (const [pattern, code, message] of PIP_FAILURES) {
    if (pattern.test(text)) return new StudioError(code, message(what), details)
  }
  const last = text.trimEnd().split('\n').at(-1) ?? ''
  return new StudioError('runtime/failed', `pip could not fetch ${what}: ${last || `exit ${exit}`}`, details)
}

/** Bytes of the wheels that are not in `directory` yet; whether those that are match their hash shows later. */
export async function missingBytes(wheels: Wheel[], directory: string): Promise<number> {
  let missing = 0
  for (const { file, bytes } of wheels) {
    const found = await stat(join(directory, file)).catch(() => null)
    if (found?.size !== bytes) missing += bytes
  }
  return missing
}

async function matches(path: string, wheel: Wheel): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  return found?.size === wheel.bytes && (await fileSha256(path)) === wheel.sha256
}

/** A wheel is copied from the scratch folder at the end, so that the larger of its two files counts. */
async function fetchedSoFar(directories: string[]): Promise<number> {
  const sizes = new Map<string, number>()
  for (const { name, bytes } of (await Promise.all(directories.map((path) => wheelsBelow(path, 2)))).flat()) {
    sizes.set(name, Math.max(sizes.get(name) ?? 0, bytes))
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

/** What vanishes while we look is not counted. */
async function wheelsBelow(directory: string, depth: number): Promise<{ name: string; bytes: number }[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const found = entries.map(async (entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return depth > 0 ? wheelsBelow(path, depth - 1) : []
    if (!entry.name.endsWith('.whl')) return []
    const file = await stat(path).catch(() => null)
    return file ? [{ name: entry.name, bytes: file.size }] : []
  })
  return (await Promise.all(found)).flat()
}
