/** One child process, run to its end: its output by lines, stopped by a signal, never left behind. */
import { spawn } from 'node:child_process'

export interface ChildOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal
  timeoutMs?: number
  /** Each line of both streams, as it comes. */
  onLine?: (line: string) => void
}

export interface ChildResult {
  /** Null when it could not be started or was ended by a signal. */
  code: number | null
  stdout: string
  stderr: string
  /** The system's code when it could not be started, for example ENOENT. */
  spawnError: string | null
}

/** A compiler's or a downloader's words are never longer than this in earnest. */
const KEPT_CHARACTERS = 200_000

/** @throws the signal's reason when it was aborted, after the child has ended */
export function runChild(command: string, args: readonly string[], options: ChildOptions = {}): Promise<ChildResult> {
  options.signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      windowsHide: true
    })
    const text = { stdout: '', stderr: '' }
    let spawnError: string | null = null
    for (const name of ['stdout', 'stderr'] as const) {
      const lines = lineSplitter((line) => {
        text[name] = `${text[name]}${line}\n`.slice(-KEPT_CHARACTERS)
        options.onLine?.(line)
      })
      child[name].setEncoding('utf8')
      child[name].on('data', lines.add)
      child[name].on('end', lines.end)
    }
    const abort = (): void => void child.kill()
    options.signal?.addEventListener('abort', abort, { once: true })
    process.once('exit', abort)
    child.on('error', (error: NodeJS.ErrnoException) => (spawnError = error.code ?? error.message))
    child.on('close', (code) => {
      options.signal?.removeEventListener('abort', abort)
      process.off('exit', abort)
      if (options.signal?.aborted) reject(options.signal.reason)
      else resolve({ code: spawnError ? null : code, ...text, spawnError })
    })
  })
}

/** Lines end with LF, CR LF, or (progress bars) with CR alone. */
function lineSplitter(onLine: (line: string) => void): { add: (chunk: string) => void; end: () => void } {
  let rest = ''
  const add = (chunk: string): void => {
    const parts = (rest + chunk).split(/\r\n|\n|\r(?!$)/)
    rest = parts.pop() ?? ''
    for (const part of parts) onLine(part)
  }
  const end = (): void => {
    if (rest) onLine(rest.trimEnd())
    rest = ''
  }
  return { add, end }
}
