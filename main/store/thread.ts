/** The store's thread: SQLite is synchronous, and the process that draws the window must never wait for a disk. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { toErrorData } from '@shared/errors'
import { closeConnection, createDispatcher, type Dispatcher } from './backend'
import { openDatabase } from './database'
import type { ThreadData, ThreadMessage, ThreadRequest } from './thread-protocol'

async function serve(port: MessagePort, { file }: ThreadData): Promise<void> {
  const post = (message: ThreadMessage): void => port.postMessage(message)
  try {
    const connection = await openDatabase(file)
    const dispatch = createDispatcher(connection)
    port.on('message', (request: ThreadRequest) => {
      if (request.type === 'call') void answer(dispatch, request, post)
      // The owner sends this last, after every answer has come.
      else {
        closeConnection(connection)
        port.close()
      }
    })
    post({ type: 'opened' })
  } catch (error) {
    post({ type: 'failed', error: toErrorData(error) })
    port.close()
  }
}

async function answer(
  dispatch: Dispatcher,
  { id, call }: Extract<ThreadRequest, { type: 'call' }>,
  post: (message: ThreadMessage) => void
): Promise<void> {
  try {
    post({ type: 'answer', id, value: await dispatch(call) })
  } catch (error) {
    post({ type: 'error', id, error: toErrorData(error) })
  }
}

if (parentPort) void serve(parentPort, workerData as ThreadData)
