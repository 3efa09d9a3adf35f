/** Asks a worker to look at the machine. */
import { setTimeout as delay } from 'node:timers/promises'
import { StudioError, toErrorData } from '@shared/errors'
import type { LoadWish, MachineFacts } from '@shared/worker-protocol/runtime'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { WorkerHost } from '../../supervisor/worker-host'

const TIMEOUT_MS = 60_000
const LOG_MS = 250

/**
 * A native library that ends the process which loads it (a processor without the instructions it was built for, for example)
 * is met here and not in a run: the probe is repeated without TensorFlow, which is then reported as not loading.
 *
 * @throws StudioError worker/crashed when even that does not answer
 */
export async function probeMachine(
  host: WorkerHost,
  cacheDirectory: string,
  load: Exclude<LoadWish, 'never'>
): Promise<MachineFacts> {
  try {
    return await ask(host, cacheDirectory, load)
  } catch (crash) {
    const facts = await ask(host, cacheDirectory, 'never')
    if (!facts.flavours.cpu.location && !facts.flavours.gpu.location) return facts
    const { details } = toErrorData(crash)
    const message = 'TensorFlow ended the process that loaded it.'
    return {
      ...facts,
      tensorflow: { loads: false, error: new StudioError('runtime/failed', message, details).toData() }
    }
  }
}

function ask(host: WorkerHost, cacheDirectory: string, load: LoadWish): Promise<MachineFacts> {
  return new Promise((resolve, reject) => {
    let answered = false
    const talk = new WorkerConversation(host, 'runtime', (message) => {
      if (message.type !== 'probed') return
      const { facts } = message
      answered = true
      // What was said on standard error comes by another way, and may be a moment later.
      void Promise.race([talk.exited, delay(LOG_MS)]).then(() => resolve({ ...facts, log: talk.stderrTail }))
    })
    const timer = setTimeout(() => talk.kill(), TIMEOUT_MS)
    void talk.exited.then(() => clearTimeout(timer))
    // After its answer the worker just ends, which to the supervisor is an end without a last word.
    talk.ended.catch((error: unknown) => {
      if (!answered) reject(error as Error)
    })
    talk.send({ type: 'probe', cacheDirectory, load })
  })
}
