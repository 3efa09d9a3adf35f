/**
 * A typed conversation with one worker process. Every message is parsed on arrival; the last message decides how the work
 * ended and the exit code is only a hint (Electron reports some crashes as 0); whatever happens, `ended` settles.
 */
import { StudioError } from '@shared/errors'
import type { WorkerKind } from '@shared/worker-protocol/common'
import { LAST_MESSAGE_TYPE, MESSAGE_SCHEMAS, type LastMessageFrom, type MessageFrom, type RequestTo } from './protocols'
import type { WorkerHost, WorkerProcess } from './worker-host'

export interface WorkerTimes {
  /** How long a worker that was asked to stop may take. */
  graceMs: number
  /** How long a worker may live on after its last message. */
  lingerMs: number
}

const TIMES: WorkerTimes = { graceMs: 30_000, lingerMs: 1000 }

export class WorkerConversation<K extends WorkerKind> {
  /** The last message; rejects with a StudioError: the worker's own, or worker/crashed. */
  readonly ended: Promise<LastMessageFrom<K>>
  /** The process is gone. Never rejects. */
  readonly exited: Promise<void>

  private readonly worker: WorkerProcess
  private resolve: (message: LastMessageFrom<K>) => void = () => undefined
  private reject: (error: StudioError) => void = () => undefined
  private over = false
  private gone = false
  private readonly timers = new Set<NodeJS.Timeout>()

  /** @param onMessage every message but the last, in order; what it throws ends the worker */
  constructor(
    host: WorkerHost,
    private readonly kind: K,
    private readonly onMessage: (message: MessageFrom<K>) => void,
    private readonly times: WorkerTimes = TIMES
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Whoever awaits it still sees the rejection; a worker that dies while nobody does must not end the studio.
    this.ended.catch(() => undefined)
    this.worker = host.start(kind)
    this.worker.onMessage((message) => this.receive(message))
    this.exited = new Promise((resolve) => {
      this.worker.onExit((code, signal) => {
        if (this.gone) return
        this.gone = true
        for (const timer of this.timers) clearTimeout(timer)
        this.fail(this.crashed(code, signal))
        resolve()
      })
    })
  }

  get pid(): number | undefined {
    return this.worker.pid
  }

  /** Whether requests still have someone to answer them. */
  get alive(): boolean {
    return !this.over && !this.gone
  }

  /** What the process wrote to standard error, its last 64 kB. */
  get stderrTail(): string {
    return this.worker.stderrTail()
  }

  send(request: RequestTo<K>): void {
    if (!this.gone) this.worker.send(request)
  }

  /** Asks the worker to end by itself, and ends it after the grace period if it has not. */
  stop(request: RequestTo<K>, graceMs = this.times.graceMs): void {
    this.send(request)
    this.killAfter(graceMs)
  }

  /** Ends the process now. `ended` rejects unless the last message came before. */
  kill(): void {
    if (!this.gone) this.worker.kill()
  }

  private receive(raw: unknown): void {
    if (this.over) return
    const parsed = MESSAGE_SCHEMAS[this.kind].safeParse(raw)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      return this.giveUp(`sent a message that does not fit the protocol (${issue?.path.join('.')}: ${issue?.message})`)
    }
    const message: MessageFrom<K> = parsed.data
    if (this.isLast(message)) {
      this.over = true
      this.resolve(message)
      this.killAfter(this.times.lingerMs)
    } else if (message.type === 'failed' && LAST_MESSAGE_TYPE[this.kind] !== null) {
      this.fail(StudioError.fromData(message.error))
      this.killAfter(this.times.lingerMs)
    } else this.deliver(message)
  }

  private deliver(message: MessageFrom<K>): void {
    try {
      this.onMessage(message)
    } catch (error) {
      this.giveUp(`sent a message that could not be used (${error instanceof Error ? error.message : String(error)})`)
    }
  }

  private isLast(message: MessageFrom<K>): message is LastMessageFrom<K> {
    return message.type === LAST_MESSAGE_TYPE[this.kind]
  }

  private giveUp(what: string): void {
    this.fail(new StudioError('worker/crashed', `The ${this.kind} worker ${what}.`, { stderr: this.stderrTail }))
    this.kill()
  }

  private fail(error: StudioError): void {
    this.over = true
    this.reject(error)
  }

  private crashed(code: number | null, signal: string | null): StudioError {
    const how = signal ? `by ${signal}` : `with exit code ${code ?? 'unknown'}`
    const stderr = this.stderrTail
    return new StudioError('worker/crashed', `The ${this.kind} worker ended ${how} before its work was done.`, {
      exitCode: code,
      signal,
      stderr
    })
  }

  private killAfter(ms: number): void {
    const timer = setTimeout(() => this.kill(), ms)
    timer.unref?.()
    this.timers.add(timer)
  }
}
