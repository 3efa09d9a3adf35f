/** Runs a reader on damaged files in processes of its own, each watched for crashes and hangs. */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, buildFolder } from '../fixtures/bundle.ts'
import type { FuzzReport, FuzzRequest } from './worker.ts'

/** Milliseconds that one case may take. */
const HANG = 5000
/** Megabytes of the JavaScript heap. */
const HEAP = 512

export interface FuzzFailure {
  /** Also the seed of its random numbers. */
  number: number
  why: string
}

/** Builds the readers' programs. @returns their names. */
export async function prepareFuzz(): Promise<string[]> {
  const names = readdirSync(join(import.meta.dirname, 'readers')).map((file) => file.replace(/\.ts$/, ''))
  await bundle(
    {
      'fuzz-worker': 'test/fuzz/worker.ts',
      'h5-file': 'main/engine/threads/h5-file.ts',
      ...Object.fromEntries(names.map((name) => [`readers/${name}`, `test/fuzz/readers/${name}.ts`]))
    },
    buildFolder('fuzz')
  )
  return names
}

/** @param first number of the first case. */
export async function fuzz(reader: string, count: number, first = 1, processes = 2): Promise<FuzzFailure[]> {
  const share = Math.ceil(count / processes)
  const starts = Array.from({ length: processes }, (_, index) => first + index * share)
  const runs = starts.map((from) => runShare(reader, from, Math.min(from + share, first + count)))
  return (await Promise.all(runs)).flat()
}

/** A process that crashed or hung is replaced, and goes on after the case at fault. */
async function runShare(reader: string, from: number, to: number): Promise<FuzzFailure[]> {
  const failures: FuzzFailure[] = []
  for (let next = from; next < to;) {
    const { broken, found } = await runProcess(reader, next, to)
    failures.push(...found)
    if (!broken) break
    // On a busy machine a case may be late without being at fault: it is tried once more, alone.
    const again = broken.hung ? (await runProcess(reader, broken.number, broken.number + 1)).broken : broken
    if (again) failures.push(again)
    next = broken.number + 1
  }
  return failures
}

interface Broken extends FuzzFailure {
  hung: boolean
}

function runProcess(
  reader: string,
  from: number,
  to: number
): Promise<{ broken: Broken | null; found: FuzzFailure[] }> {
  const box = mkdtempSync(join(tmpdir(), 'fuzz-'))
  const child: ChildProcess = fork(join(buildFolder('fuzz'), 'fuzz-worker.cjs'), [reader, box], {
    execArgv: [`--max-old-space-size=${HEAP}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
  const found: FuzzFailure[] = []
  let current = from
  let begun = 0
  let hung = false
  let finished = false
  let said = ''
  child.stderr!.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-800)))
  const watch = setInterval(() => {
    hung = begun > 0 && Date.now() - begun > HANG
    if (hung) child.kill('SIGKILL')
  }, 250)
  child.on('message', (report: FuzzReport) => {
    if (report.kind === 'ready') child.send({ from, to } satisfies FuzzRequest)
    else if (report.kind === 'failed') found.push({ number: report.number, why: report.why })
    else if (report.kind === 'begun') {
      current = report.number
      begun = Date.now()
    } else {
      finished = true
      child.kill()
    }
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearInterval(watch)
      rmSync(box, { recursive: true, force: true })
      const why = hung ? `it took longer than ${HANG} ms` : `the process ended (${signal ?? code}): ${said}`
      resolve({ broken: finished ? null : { number: current, why, hung }, found })
    })
  })
}
