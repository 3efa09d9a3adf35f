/** One backbone on its way in: a worker process reads what may be hostile, and writes a folder that nobody uses yet. */
import type { SpeedMeasurement } from '@shared/domain/device'
import type { ModelJob } from '@shared/worker-protocol/models'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { JobHandle } from '../jobs/jobs'

/** A reader that is deep in a file does not hear; it has written nothing that anybody uses. */
const STOP_GRACE_MS = 1500

export interface BringIn {
  host: WorkerHost
  request: ModelJob
  job: Pick<JobHandle, 'progress'>
  signal: AbortSignal
}

/**
 * @returns how fast it was found to be, or null when the signal stopped it
 * @throws StudioError backbone/*, worker/crashed
 */
export async function bringIn({ host, request, job, signal }: BringIn): Promise<SpeedMeasurement[] | null> {
  if (signal.aborted) return null
  const worker = new WorkerConversation(host, 'models', (message) => {
    if (message.type === 'progress') job.progress(message)
  })
  const stop = (): void => worker.stop({ type: 'stop' }, STOP_GRACE_MS)
  signal.addEventListener('abort', stop, { once: true })
  try {
    worker.send({ type: 'start', job: request })
    const { outcome, measurements } = await worker.ended
    return outcome === 'completed' && !signal.aborted ? measurements : null
  } catch (error) {
    // It was to end, and did so in its own way.
    if (signal.aborted) return null
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.exited
  }
}
