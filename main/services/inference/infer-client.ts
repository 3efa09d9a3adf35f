/**
 * The studio's end of the infer worker: started at the first request, kept while there is work, ended when idle, started
 * anew with growing pauses after crashes. Requests are told apart by their id; none stays unanswered when the worker dies.
 */
import { StudioError } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { InferMessage, InferRequest } from '@shared/worker-protocol/infer'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { Log } from '../log/log'
import { MessageQueue } from './message-queue'

export type Answer = Extract<InferMessage, { id: number }>
type Failure = Extract<InferMessage, { type: 'failed' }>
type Request = Extract<InferRequest, { id: number }>
type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never
/** A request as callers write it; its id is given here. */
export type InferCall = WithoutId<Exclude<Request, { type: 'cancel' }>>

export interface InferClientOptions {
  host: WorkerHost
  log: Log
  backbonesDirectories: string[]
  /** Asked at each start of a worker. */
  compute: () => { runtime: RuntimeLocation | null; threads: number }
  idleMs?: number
  /** First and longest pause before a start after a crash. */
  backoffMs?: [first: number, longest: number]
}

interface Worker {
  talk: WorkerConversation<'infer'>
  started: Promise<void>
  markStarted: () => void
  failStart: (error: unknown) => void
  /** What it was started with. */
  compute: string
}

export class InferClient {
  private worker: Worker | null = null
  private readonly pending = new Map<number, MessageQueue<Answer | Failure>>()
  private lastId = 0
  private crashes = 0
  private notBefore = 0
  private idleTimer: NodeJS.Timeout | null = null
  private closed = false
  /** Of the backbones on disk: a worker keeps those that it has read. */
  private generation = 0

  constructor(private readonly options: InferClientOptions) {}

  /**
   * The one answer to a request.
   * @param onProgress hears how far it is, from requests that tell
   * @throws StudioError what the worker reports, worker/crashed, or job/cancelled after the signal
   */
  async call<T extends Answer['type']>(
    request: InferCall,
    type: T,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {}
  ): Promise<Extract<Answer, { type: T }>> {
    for await (const answer of this.stream(request, signal)) {
      if (answer.type === 'progress') onProgress?.(answer.done, answer.total)
      if (answer.type === type) return answer as Extract<Answer, { type: T }>
    }
    throw new StudioError('worker/crashed', `The infer worker did not answer '${request.type}'.`)
  }

  /**
   * All answers to a request. Leaving early cancels it; so does the signal, even while no answer comes.
   *
   * @throws StudioError what the worker reports, worker/crashed, or job/cancelled after the signal
   */
  async *stream(request: InferCall, signal?: AbortSignal): AsyncGenerator<Answer, void> {
    const id = ++this.lastId
    const answers = new MessageQueue<Answer | Failure>()
    const abort = (): void => answers.fail(new StudioError('job/cancelled', 'The request was cancelled.'))
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    let asked: Worker | null = null
    this.pending.set(id, answers)
    try {
      asked = await this.ready()
      asked.talk.send({ ...request, id } as Request)
      for await (const answer of answers) {
        if (answer.type === 'failed' || isLastAnswer(answer)) asked = null
        if (answer.type === 'failed') throw StudioError.fromData(answer.error)
        this.crashes = 0
        yield answer
        if (!asked) return
      }
    } finally {
      this.pending.delete(id)
      signal?.removeEventListener('abort', abort)
      asked?.talk.send({ type: 'cancel', id })
      this.restWhenIdle()
    }
  }

  /** Backbones have changed on disk: what comes from now on is answered by a worker that has not read them. */
  forgetBackbones(): void {
    this.generation++
  }

  async close(): Promise<void> {
    this.closed = true
    if (this.idleTimer) clearTimeout(this.idleTimer)
    const { worker } = this
    worker?.talk.kill()
    await worker?.talk.exited
  }

  private async ready(): Promise<Worker> {
    if (this.closed) throw new StudioError('worker/crashed', 'The studio is closing.')
    if (this.idleTimer) clearTimeout(this.idleTimer)
    const pauseMs = this.notBefore - Date.now()
    if (!this.worker && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    // TensorFlow may have been prepared since the worker was started.
    const stale = this.worker && this.worker.compute !== this.key()
    if (stale && this.pending.size <= 1) this.retire()
    this.worker ??= this.start()
    const { worker } = this
    await worker.started
    return worker
  }

  private key(): string {
    return JSON.stringify([this.options.compute(), this.generation])
  }

  private start(): Worker {
    const { host, backbonesDirectories } = this.options
    const compute = this.options.compute()
    let markStarted: () => void = () => undefined
    let failStart: (error: unknown) => void = () => undefined
    const started = new Promise<void>((resolve, reject) => {
      markStarted = resolve
      failStart = reject
    })
    // Requests that wait for it are told; without any, nobody is.
    started.catch(() => undefined)
    const talk = new WorkerConversation(host, 'infer', (message) => this.hear(message))
    const worker: Worker = { talk, started, markStarted, failStart, compute: this.key() }
    talk.ended.catch((error: unknown) => this.crashed(worker, error))
    talk.send({ type: 'start', backbonesDirectories, ...compute })
    return worker
  }

  private hear(message: InferMessage): void {
    if (message.type === 'started') return this.worker?.markStarted()
    if (message.type === 'failed' && message.id === null) return this.failedAsAWhole(message)
    if (message.id !== null) this.pending.get(message.id)?.push(message)
  }

  /** Without an id a failure concerns all requests: the worker could not start. */
  private failedAsAWhole({ error: data }: Failure): void {
    const error = StudioError.fromData(data)
    this.worker?.failStart(error)
    for (const answers of this.pending.values()) answers.fail(error)
    this.worker?.talk.kill()
  }

  private crashed(worker: Worker, error: unknown): void {
    worker.failStart(error)
    if (this.worker !== worker) return
    this.worker = null
    const [first, longest] = this.options.backoffMs ?? [250, 30_000]
    this.notBefore = Date.now() + Math.min(longest, first * 2 ** this.crashes)
    this.crashes++
    if (!this.closed) this.options.log.error('infer worker ended', error, { stderr: worker.talk.stderrTail })
    for (const answers of this.pending.values()) answers.fail(error)
  }

  private restWhenIdle(): void {
    if (this.pending.size > 0 || !this.worker || this.closed) return
    if (this.idleTimer) clearTimeout(this.idleTimer)
    this.idleTimer = setTimeout(() => this.pending.size === 0 && this.retire(), this.options.idleMs ?? 120_000)
    this.idleTimer.unref()
  }

  /** Ends the worker on purpose: no crash, no pause. */
  private retire(): void {
    const { worker } = this
    this.worker = null
    worker?.talk.kill()
  }
}

/** `predictions` come in parts, and progress before an answer; of everything else there is one. */
function isLastAnswer(answer: Answer): boolean {
  if (answer.type === 'progress') return false
  return answer.type !== 'predictions' || answer.done >= answer.total
}
