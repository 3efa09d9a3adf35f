/** Workers as child processes of Node: for the loopback door, the command line and the tests. */
import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { WorkerKind } from '@shared/worker-protocol/common'
import type { RequestTo } from './protocols'
import { Tail } from './tail'
import { workerEnvironment } from './worker-environment'
import type { WorkerHost, WorkerProcess } from './worker-host'

/** After the exit, messages and standard error may still be on their way; a grandchild must not hold them open for ever. */
const DRAIN_MS = 1000

export interface ForkHostOptions {
  /** Folder that holds `<kind>.cjs`. */
  workersDirectory: string
  env?: NodeJS.ProcessEnv
}

export class ForkHost implements WorkerHost {
  private readonly children = new Set<ChildProcess>()
  /** Started ahead, and waiting. */
  private readonly warmed = new Map<WorkerKind, WorkerProcess>()

  constructor(private readonly options: ForkHostOptions) {
    // A studio that ends by itself takes its workers along; one that is killed leaves them to notice the closed channel.
    process.once('exit', () => {
      for (const child of this.children) killGroup(child)
    })
  }

  start(kind: WorkerKind): WorkerProcess {
    const warmed = this.warmed.get(kind)
    this.warmed.delete(kind)
    return warmed ?? this.fork(kind)
  }

  warm<K extends WorkerKind>(kind: K, first?: RequestTo<K>): void {
    if (this.warmed.has(kind)) return
    const worker = this.fork(kind)
    this.warmed.set(kind, worker)
    if (first) worker.send(first)
    worker.onExit(() => {
      if (this.warmed.get(kind) === worker) this.warmed.delete(kind)
    })
  }

  private fork(kind: WorkerKind): WorkerProcess {
    const child = fork(join(this.options.workersDirectory, `${kind}.cjs`), [], {
      serialization: 'advanced',
      // A group of its own: Ctrl-C in the terminal does not reach it, and its own children end with it.
      detached: process.platform !== 'win32',
      // Native libraries print to standard output as well; the studio's own is for the command line's one document.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      env: workerEnvironment(this.options.env ?? process.env)
    })
    this.children.add(child)
    const tail = new Tail()
    child.stderr?.on('data', (chunk: Buffer) => tail.add(chunk))
    child.stdout?.on('data', (chunk: Buffer) => tail.add(chunk))
    return {
      pid: child.pid,
      send: (message) => {
        // A process that is just ending closes its channel before it says so; its exit is what counts then.
        if (child.connected) child.send(message as object, () => undefined)
      },
      onMessage: (listener) => void child.on('message', listener),
      onExit: (listener) =>
        onceGone(child, tail, (code, signal) => {
          this.children.delete(child)
          listener(code, signal)
        }),
      stderrTail: () => tail.text(),
      kill: () => killGroup(child)
    }
  }
}

function onceGone(
  child: ChildProcess,
  tail: Tail,
  listener: (code: number | null, signal: string | null) => void
): void {
  let told = false
  const tell = (code: number | null, signal: string | null): void => {
    if (told) return
    told = true
    listener(code, signal)
  }
  child.on('close', tell)
  child.on('exit', (code, signal) => setTimeout(tell, DRAIN_MS, code, signal).unref())
  child.on('error', (error) => {
    tail.add(Buffer.from(`${error.message}\n`))
    if (child.pid === undefined) tell(null, null)
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}
