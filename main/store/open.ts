/** Opens the store in a thread of its own. */
import { Worker } from 'node:worker_threads'
import { StudioError } from '@shared/errors'
import type { StoreCall } from './backend'
import { createClient } from './client'
import type { Store } from './store'
import type { ThreadData, ThreadMessage, ThreadRequest } from './thread-protocol'

export interface OpenStoreOptions {
  /** The database; its folder is made when it is missing. */
  file: string
  /** The built entry of the thread, store-thread.cjs. */
  threadFile: string
}

interface Pending {
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

/** @throws StudioError store/newer, store/corrupt, store/locked, store/disk-full, store/unwritable */
export async function openStore({ file, threadFile }: OpenStoreOptions): Promise<Store> {
  const workerData: ThreadData = { file }
  const thread = new StoreThread(new Worker(threadFile, { workerData, name: 'store' }), file)
  await thread.opened
  return createClient(
    (call) => thread.call(call),
    () => thread.close()
  )
}

/** The owner's end: every call settles, by its answer or by the end of the thread. */
class StoreThread {
  readonly opened: Promise<void>

  private readonly pending = new Map<number, Pending>()
  private readonly exited: Promise<void>
  private nextId = 1
  private over: StudioError | null = null
  private closing: Promise<void> | null = null

  constructor(
    private readonly worker: Worker,
    private readonly file: string
  ) {
    this.opened = new Promise((resolve, reject) => {
      worker.on('message', (message: ThreadMessage) => {
        if (message.type === 'opened') resolve()
        else if (message.type === 'failed') reject(StudioError.fromData(message.error))
        else this.settle(message)
      })
      worker.on('error', (error) => {
        this.end(error)
        reject(this.closed(error))
      })
      worker.on('exit', () => reject(this.closed()))
    })
    this.exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.end()
        resolve()
      })
    })
  }

  call(call: StoreCall): Promise<unknown> {
    if (this.over || this.closing) return Promise.reject(this.over ?? this.closed())
    return new Promise((resolve, reject) => {
      const id = this.nextId++
      this.pending.set(id, { resolve, reject })
      try {
        this.post({ type: 'call', id, call })
      } catch (error) {
        this.pending.delete(id)
        reject(error as Error)
      }
    })
  }

  /** Waits for the calls that are under way. A second call waits for the first. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      const underWay = [...this.pending.values()].map(
        (pending) =>
          new Promise<void>((done) => {
            const { resolve, reject } = pending
            pending.resolve = (value) => (resolve(value), done())
            pending.reject = (error) => (reject(error), done())
          })
      )
      await Promise.all(underWay)
      if (!this.over) this.post({ type: 'close' })
      await this.exited
    })()
    return this.closing
  }

  private post(request: ThreadRequest): void {
    this.worker.postMessage(request)
  }

  private settle(message: Extract<ThreadMessage, { id: number }>): void {
    const pending = this.pending.get(message.id)
    this.pending.delete(message.id)
    if (message.type === 'answer') pending?.resolve(message.value)
    else pending?.reject(StudioError.fromData(message.error))
  }

  private end(cause?: unknown): void {
    this.over ??= this.closed(cause)
    for (const { reject } of this.pending.values()) reject(this.over)
    this.pending.clear()
  }

  private closed(cause?: unknown): StudioError {
    const message = `The database '${this.file}' is closed.`
    return new StudioError('store/closed', message, { file: this.file, cause: cause && String(cause) }, { cause })
  }
}
