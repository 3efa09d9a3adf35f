/**
 * A worker's end of the line to the studio, the same in a forked Node process and in Electron's utility process. Messages are
 * small: large arrays travel as files.
 */
import type { ZodType } from 'zod'
import { toErrorData, type ErrorData } from '@shared/errors'

/** What Electron puts on `process` in a utility process; Node knows nothing of it. */
interface UtilityPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  postMessage(message: unknown): void
}

interface LastWords {
  type: 'failed'
  error: ErrorData
}

export interface WorkerPort<Message> {
  send(message: Message): void
  /** Sends the last message and ends the process once it has left. Nothing sent after it counts. */
  finish(message: Message): void
}

/** How long a utility process waits to be ended from outside, so that its last message is not lost with it. */
const LINGER_MS = 1500

/**
 * Listens for requests until the studio goes away: a worker never outlives it. An uncaught error becomes the last message.
 *
 * @param schema of the requests; one that does not match ends the worker as `failed`
 */
export function openWorkerPort<Request, Message>(
  schema: ZodType<Request>,
  listener: (request: Request, port: WorkerPort<Message | LastWords>) => void | Promise<void>
): WorkerPort<Message | LastWords> {
  const utility = (process as { parentPort?: UtilityPort }).parentPort
  let finished = false

  const port: WorkerPort<Message | LastWords> = {
    send(message) {
      if (finished) return
      if (utility) utility.postMessage(message)
      else if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
    },
    finish(message) {
      if (finished) return
      finished = true
      if (utility) {
        utility.postMessage(message)
        setTimeout(() => process.exit(0), LINGER_MS)
      } else if (process.connected && process.send) process.send(message, undefined, undefined, () => process.exit(0))
      else process.exit(0)
    }
  }
  const fail = (error: unknown): void => {
    if (error instanceof Error) console.error(error.stack)
    port.finish({ type: 'failed', error: toErrorData(error) })
  }
  const receive = async (message: unknown): Promise<void> => {
    try {
      await listener(schema.parse(message), port)
    } catch (error) {
      fail(error)
    }
  }

  if (utility) utility.on('message', ({ data }) => void receive(data))
  else process.on('message', (message) => void receive(message))
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C in a terminal reaches the whole process group; how a worker ends is the studio's decision.
  process.on('SIGINT', () => undefined)
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  return port
}
