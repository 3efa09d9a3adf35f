/**
 * Training examples on threads of their own, so that decoding and augmenting go on while the training step holds the calling
 * thread. Where threads cannot start, the calling thread makes them itself, and says so.
 */
import { Worker } from 'node:worker_threads'
import { StudioError } from '@shared/errors'
import type { AugmentThreadAnswer, AugmentThreadCall } from '../threads/augment'
import { threadFile } from '../threads/locate'
import { ExampleMaker, type Example, type ExampleSettings, type ExampleTask } from './example'

/** On one thread at once: while libvips decodes one of them elsewhere, the thread augments another. */
const IN_FLIGHT = 4
/**
 * Megabytes of a thread's young generation: what a picture leaves behind is collected soon, instead of growing each heap to
 * 150 MB first.
 */
const YOUNG_MEGABYTES = 8
/** Each thread costs some 30 MB; eight of them feed about a thousand pictures a second. */
const MOST_THREADS = 8

export interface ExamplePoolOptions {
  settings: ExampleSettings
  /** As many as there are cores to use. */
  threads: number
  /** Told once, when examples are made on the calling thread for want of others. */
  onFallback: (reason: string) => void
  /** Program of the threads; the studio's own when left out. */
  program?: () => string
}

interface Waiting {
  task: ExampleTask
  resolve: (example: Example) => void
  reject: (error: unknown) => void
}

interface Thread {
  worker: Worker
  pending: Map<number, Waiting>
}

const closed = (): StudioError => new StudioError('job/cancelled', 'The training inputs were closed.')

export class ExamplePool {
  readonly #options: ExamplePoolOptions
  #threads: Thread[] = []
  readonly #queue: Waiting[] = []
  #own: ExampleMaker | null = null
  #ownRunning = 0
  #lastId = 0
  #closed = false

  constructor(options: ExamplePoolOptions) {
    this.#options = options
    try {
      const program = options.program?.() ?? threadFile('augment')
      const count = Math.max(1, Math.min(options.threads, MOST_THREADS))
      for (let index = 0; index < count; index++) this.#threads.push(this.#start(program))
    } catch (error) {
      this.#fallBack(error)
    }
  }

  /** Threads at work; 0: the calling thread is. */
  get threads(): number {
    return this.#threads.length
  }

  /**
   * In any order; who asks for many bounds how many.
   * @throws StudioError image/*; job/cancelled once it is closed
   */
  make(task: ExampleTask): Promise<Example> {
    if (this.#closed) return Promise.reject(closed())
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, resolve, reject })
      this.#feed()
    })
  }

  /** Ends the threads; what is still asked for is rejected with job/cancelled. */
  async close(): Promise<void> {
    this.#closed = true
    const threads = this.#threads
    this.#threads = []
    const asked = [...this.#queue.splice(0), ...threads.flatMap(({ pending }) => [...pending.values()])]
    for (const { reject } of asked) reject(closed())
    this.#own?.close()
    this.#own = null
    await Promise.all(
      threads.map(async ({ worker }) => {
        const gone = new Promise((resolve) => worker.once('exit', resolve))
        worker.ref()
        worker.postMessage('close' satisfies AugmentThreadCall)
        await gone
      })
    )
  }

  #start(program: string): Thread {
    const worker = new Worker(program, {
      workerData: this.#options.settings,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES }
    })
    const thread: Thread = { worker, pending: new Map() }
    worker.on('message', (answer: AugmentThreadAnswer) => this.#settle(thread, answer))
    worker.on('error', (error) => this.#lose(thread, error))
    worker.on('exit', (code) => this.#lose(thread, new Error(`the thread ended with code ${code}`)))
    // An idle thread keeps no process alive.
    worker.unref()
    return thread
  }

  #feed(): void {
    while (this.#queue.length > 0 && !this.#closed) {
      if (this.#own) {
        if (this.#ownRunning >= IN_FLIGHT) return
        void this.#makeHere(this.#own, this.#queue.shift()!)
        continue
      }
      const thread = this.#threads.reduce((idlest, other) =>
        other.pending.size < idlest.pending.size ? other : idlest
      )
      if (thread.pending.size >= IN_FLIGHT) return
      const waiting = this.#queue.shift()!
      const id = ++this.#lastId
      if (thread.pending.size === 0) thread.worker.ref()
      thread.pending.set(id, waiting)
      thread.worker.postMessage({ id, task: waiting.task } satisfies AugmentThreadCall)
    }
  }

  #settle({ worker, pending }: Thread, answer: AugmentThreadAnswer): void {
    const waiting = pending.get(answer.id)
    pending.delete(answer.id)
    if (pending.size === 0) worker.unref()
    if ('example' in answer) waiting?.resolve(answer.example)
    else waiting?.reject(StudioError.fromData(answer.error))
    this.#feed()
  }

  /** What it was working on is made by the others. */
  #lose(thread: Thread, error: unknown): void {
    if (this.#closed || !this.#threads.includes(thread)) return
    this.#threads = this.#threads.filter((other) => other !== thread)
    this.#queue.unshift(...thread.pending.values())
    thread.pending.clear()
    if (this.#threads.length === 0) this.#fallBack(error)
    this.#feed()
  }

  #fallBack(error: unknown): void {
    const started = this.#threads
    this.#threads = []
    for (const { worker } of started) void worker.terminate()
    this.#own = new ExampleMaker(this.#options.settings)
    this.#options.onFallback(error instanceof Error ? error.message : String(error))
  }

  async #makeHere(maker: ExampleMaker, { task, resolve, reject }: Waiting): Promise<void> {
    this.#ownRunning++
    await maker.make(task).then(resolve, reject)
    this.#ownRunning--
    this.#feed()
  }
}
