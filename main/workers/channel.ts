/**
 * A worker's end of its conversation with the studio: the same over Electron's utilityProcess and over Node's child_process.
 * Messages are small; large arrays travel as files.
 */
import type { ZodType } from 'zod'
import { toErrorData, type ErrorData } from '@shared/errors'

export interface Channel<Request, Message> {
  /** Never throws: a studio that is gone ends this process by itself. */
  send(message: Message): void
  /**
   * Requests in order, parsed. Call it once, at the start. What the listener throws (or rejects with) ends the worker as
   * 'failed', as does a request that does not fit the schema.
   */
  onRequest(listener: (request: Request) => void | Promise<void>): void
  /** Ends this process with exit code 0 as soon as everything that was sent has left it. Nothing is sent after it. */
  close(): void
}

/** What Electron adds to `process` in a utility process. */
interface ParentPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  postMessage(message: unknown): void
}

/** Electron does not tell when a posted message has left, so the process lives on for a moment. */
const UTILITY_LINGER_MS = 1000
/** A studio that no longer reads must not keep a finished worker alive. */
const FLUSH_LIMIT_MS = 5000

/** Opens the conversation of this process. An error that nobody catches is sent as `{ type: 'failed', error }`; then it ends. */
export function openChannel<Request, Message>(schema: ZodType<Request>): Channel<Request, Message> {
  const port = (process as { parentPort?: ParentPort }).parentPort ?? null
  let unsent = 0
  let exitCode: number | null = null

  const exitWhenFlushed = (): void => {
    if (exitCode !== null && unsent === 0) process.exit(exitCode)
  }
  const post = (message: unknown): void => {
    if (port) return port.postMessage(message)
    if (!process.send || !process.connected) return
    unsent++
    process.send(message, undefined, undefined, () => {
      unsent--
      exitWhenFlushed()
    })
  }
  const end = (code: number): void => {
    if (exitCode !== null) return
    exitCode = code
    setTimeout(() => process.exit(code), port ? UTILITY_LINGER_MS : FLUSH_LIMIT_MS)
    if (!port) exitWhenFlushed()
  }
  const fail = (error: unknown): void => {
    if (exitCode !== null) return
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    const last: { type: 'failed'; error: ErrorData } = { type: 'failed', error: toErrorData(error) }
    post(last)
    end(1)
  }

  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  process.on('disconnect', () => process.exit(exitCode ?? 0))
  // Ctrl-C in a terminal reaches the whole process group; how a worker ends is for the studio to say.
  process.on('SIGINT', () => undefined)

  return {
    send: (message) => {
      if (exitCode === null) post(message)
    },
    onRequest: (listener) => {
      const receive = async (raw: unknown): Promise<void> => {
        try {
          await listener(schema.parse(raw))
        } catch (error) {
          fail(error)
        }
      }
      if (port) port.on('message', ({ data }) => void receive(data))
      else process.on('message', (raw) => void receive(raw))
    },
    close: () => end(0)
  }
}
