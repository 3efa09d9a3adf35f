/** Runs a reader on damaged files in processes of its own, each watched for crashes and hangs. */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, buildFolder } from '../fixtures/bundle.ts'
import type { FuzzReport, FuzzRequest } from './worker.ts'

/** Milliseconds that one case may take, and between two looks at it. */
const HANG = 5000
const LOOK = 250
/** How many times longer it may wait for its turn on a busy machine. */
const PATIENCE = 12
/** Megabytes of the JavaScript heap. */
const HEAP = 512

export interface FuzzResult {
  /** How many cases were read after all ('read'), and how many each code refused. */
  outcomes: Record<string, number>
  failures: FuzzFailure[]
}

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
export async function fuzz(reader: string, count: number, first = 1, processes = 2): Promise<FuzzResult> {
  const share = Math.ceil(count / processes)
  const starts = Array.from({ length: processes }, (_, index) => first + index * share)
  const result: FuzzResult = { outcomes: {}, failures: [] }
  await Promise.all(starts.map((from) => runShare(reader, from, Math.min(from + share, first + count), result)))
  return result
}

/** A process that crashed or hung is replaced, and goes on after the case at fault. */
async function runShare(reader: string, from: number, to: number, result: FuzzResult): Promise<void> {
  for (let next = from; next < to;) {
    const broken = await runProcess(reader, next, to, result)
    if (!broken) break
    // On a busy machine a case may be late without being at fault: it is tried once more, alone.
    const again = broken.hung ? await runProcess(reader, broken.number, broken.number + 1, result) : broken
    if (again) result.failures.push({ number: again.number, why: again.why })
    next = broken.number + 1
  }
}

interface Broken extends FuzzFailure {
  hung: boolean
}

/** @returns the case that crashed or hung, or null after the last. */
function runProcess(reader: string, from: number, to: number, result: FuzzResult): Promise<Broken | null> {
  const box = mkdtempSync(join(tmpdir(), 'fuzz-'))
  const child: ChildProcess = fork(join(buildFolder('fuzz'), 'fuzz-worker.cjs'), [reader, box], {
    execArgv: [`--max-old-space-size=${HEAP}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
  let current = from
  let begun = false
  let waited = 0
  let workedBefore = 0
  let hung = false
  let finished = false
  let said = ''
  child.stderr!.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-800)))
  // By looks rather than by the clock: while the machine sleeps, or all of this is paused, nothing hangs.
  const watch = setInterval(() => {
    waited += LOOK
    if (!begun || waited <= HANG) return
    const worked = processorTime(child.pid!)
    hung = worked === null || worked - workedBefore > HANG / 2 || waited > PATIENCE * HANG
    if (hung) child.kill('SIGKILL')
  }, LOOK)
  child.on('message', (report: FuzzReport) => {
    if (report.kind === 'ready') child.send({ from, to } satisfies FuzzRequest)
    else if (report.kind === 'begun') {
      current = report.number
      begun = true
      waited = 0
      workedBefore = processorTime(child.pid!) ?? 0
    } else if (report.kind === 'done') {
      const { number, outcome, failure } = report
      if (outcome !== null) result.outcomes[outcome] = (result.outcomes[outcome] ?? 0) + 1
      if (failure !== null) result.failures.push({ number, why: failure })
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
      resolve(finished ? null : { number: current, why, hung })
    })
  })
}

/** Milliseconds that a process has worked, where the system tells: proc(5), `utime` and `stime` of /proc/PID/stat in hundredths. */
function processorTime(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the name in brackets, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return 10 * (Number(fields[11]) + Number(fields[12]))
  } catch {
    return null
  }
}
