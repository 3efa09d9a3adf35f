/** Train workers that only tell, all of them in one thread: its messages reach the process as a worker's do. */
import { Worker } from 'node:worker_threads'
import type { WorkerKind } from '@shared/worker-protocol/common'
import type { WorkerHost, WorkerProcess } from '../../../main/supervisor/worker-host'

export interface Telling {
  /** Points a second of each worker. */
  rate: number
  seconds: number
}

export class TellingHost implements WorkerHost {
  private readonly thread: Worker
  private readonly hearers = new Map<number, { hear: (message: unknown) => void; exit: () => void }>()
  private nextId = 1

  constructor(threadFile: string, telling: Telling) {
    this.thread = new Worker(threadFile, { workerData: telling })
    this.thread.on('message', ({ id, message }: { id: number; message: unknown }) => {
      const hearer = this.hearers.get(id)
      if (message === null) hearer?.exit()
      else hearer?.hear(message)
    })
  }

  start(_kind: WorkerKind): WorkerProcess {
    const id = this.nextId++
    const hearer = { hear: (_message: unknown): void => undefined, exit: (): void => undefined }
    this.hearers.set(id, hearer)
    return {
      pid: 4_000_000 + id,
      send: (message) => this.thread.postMessage({ id, message }),
      onMessage: (listener) => void (hearer.hear = listener),
      onExit: (listener) => void (hearer.exit = () => listener(0, null)),
      stderrTail: () => '',
      kill: () => hearer.exit()
    }
  }

  async close(): Promise<void> {
    await this.thread.terminate()
  }
}
