/**
 * Workers as Electron utility processes: for the window. A crash may be reported as exit 0 (electron#42283) and the exit twice
 * (electron#44012), so that the code is passed on as a hint and only the first exit counts; posting a message to a process
 * that has ended crashes the main process (electron#53923), so that nothing is sent once it is known to end.
 */
import { utilityProcess } from 'electron'
import { join } from 'node:path'
import type { WorkerKind } from '@shared/worker-protocol/common'
import { Tail } from './tail'
import { workerEnvironment } from './worker-environment'
import type { WorkerHost, WorkerProcess } from './worker-host'

/** Messages that were posted before the end may arrive after it. */
const DRAIN_MS = 100

export class UtilityHost implements WorkerHost {
  /** @param workersDirectory folder that holds `<kind>.cjs` */
  constructor(private readonly workersDirectory: string) {}

  start(kind: WorkerKind): WorkerProcess {
    const child = utilityProcess.fork(join(this.workersDirectory, `${kind}.cjs`), [], {
      serviceName: `Whetstone ${kind}`,
      stdio: 'pipe',
      env: workerEnvironment(process.env)
    })
    const tail = new Tail()
    child.stderr?.on('data', (chunk: Buffer) => tail.add(chunk))
    child.stdout?.on('data', (chunk: Buffer) => tail.add(chunk))

    let ended = false
    const exitListeners: ((code: number | null, signal: string | null) => void)[] = []
    child.on('exit', (code) => {
      if (ended) return
      ended = true
      setTimeout(() => exitListeners.forEach((listener) => listener(code, null)), DRAIN_MS)
    })
    return {
      get pid() {
        return child.pid
      },
      send: (message) => {
        if (!ended) child.postMessage(message)
      },
      onMessage: (listener) => void child.on('message', listener),
      onExit: (listener) => void exitListeners.push(listener),
      stderrTail: () => tail.text(),
      kill: () => {
        if (!ended) killProcess(child.pid, () => child.kill())
      }
    }
  }
}

/** `UtilityProcess.kill` sends SIGTERM, which a worker in a native call does not get to. */
function killProcess(pid: number | undefined, otherwise: () => void): void {
  try {
    if (pid === undefined) otherwise()
    else process.kill(pid, 'SIGKILL')
  } catch {
    otherwise()
  }
}
