/** How a worker process is started; implemented over Electron's utilityProcess and over Node's child_process. */
import type { WorkerKind } from '@shared/worker-protocol/common'
import type { RequestTo } from './protocols'

export interface WorkerProcess {
  readonly pid: number | undefined
  send(message: unknown): void
  /** Every message, unparsed: the supervisor parses it with the kind's schema. */
  onMessage(listener: (message: unknown) => void): void
  /** Called once, whatever ended the process. `code` and `signal` are hints only. */
  onExit(listener: (code: number | null, signal: string | null) => void): void
  /** Everything the process wrote to standard error so far (its last 64 kB), for the log. */
  stderrTail(): string
  kill(): void
}

export interface WorkerHost {
  start(kind: WorkerKind): WorkerProcess
  /**
   * Starts a process ahead of the work that is sure to come; the next `start` of its kind takes it.
   *
   * @param first what it can begin with
   */
  warm?<K extends WorkerKind>(kind: K, first?: RequestTo<K>): void
}
