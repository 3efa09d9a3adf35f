/** Finds a Python with pip on this machine: it downloads and unpacks the wheels. */
import { StudioError } from '@shared/errors'
import { runChild } from './child'

export interface Python {
  command: string
  /** Arguments that come before any other, for example `-3` of Windows' launcher. */
  args: string[]
  version: string
  pipVersion: string
}

const OLDEST_PYTHON: [number, number] = [3, 9]
const TIMEOUT_MS = 30_000

const CANDIDATES: Record<'windows' | 'other', [command: string, ...args: string[]][]> = {
  windows: [['py', '-3'], ['python3'], ['python']],
  other: [['python3'], ['python']]
}

/**
 * @param env where PATH is looked up
 * @throws StudioError runtime/no-python when there is none of version 3.9 or newer, runtime/no-pip when none of those has pip
 */
export async function findPython(env: NodeJS.ProcessEnv = process.env, signal?: AbortSignal): Promise<Python> {
  const looked: string[] = []
  let withoutPip: string | null = null
  for (const [command, ...args] of CANDIDATES[process.platform === 'win32' ? 'windows' : 'other']) {
    const name = [command, ...args].join(' ')
    const run = (...more: string[]) => runChild(command, [...args, ...more], { env, signal, timeoutMs: TIMEOUT_MS })
    const version = parsePythonVersion((await run('--version')).stdout)
    if (!version) {
      looked.push(`${name}: not found`)
      continue
    }
    if (!isNewEnough(version)) {
      looked.push(`${name}: ${version} is too old`)
      continue
    }
    const pipVersion = parsePipVersion((await run('-m', 'pip', '--version')).stdout)
    if (pipVersion) return { command, args, version, pipVersion }
    looked.push(`${name}: ${version} has no pip`)
    withoutPip ??= `${name} (${version})`
  }
  if (withoutPip)
    throw new StudioError('runtime/no-pip', `Python was found as ${withoutPip}, but it has no pip.`, { looked })
  const oldest = OLDEST_PYTHON.join('.')
  throw new StudioError('runtime/no-python', `No Python ${oldest} or newer was found (${looked.join('; ')}).`, {
    looked
  })
}

/** @param text what `python --version` prints, for example 'Python 3.11.2' */
const parsePythonVersion = (text: string): string | null => /^Python (\d+\.\d+[\w.+]*)/m.exec(text)?.[1] ?? null

/** @param text what `pip --version` prints, for example 'pip 23.0.1 from … (python 3.11)' */
const parsePipVersion = (text: string): string | null => /^pip (\S+)/m.exec(text)?.[1] ?? null

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1])
}
