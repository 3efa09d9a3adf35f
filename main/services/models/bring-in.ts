/** One backbone on its way in: a worker process reads what may be hostile, and writes a folder that nobody uses yet. */
import type { ModelJob, ModelsMessage } from '@shared/worker-protocol/models'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { JobHandle } from '../jobs/jobs'

/** A reader that is deep in a file does not hear; it has written nothing that anybody uses. */
const STOP_GRACE_MS = 1500

/** What came of it: the name of the folder that was written, and how fast it runs. */
export interface BroughtIn extends Omit<Extract<ModelsMessage, { type: 'finished' }>, 'type' | 'backboneId'> {
  backboneId: string
}

export interface BringIn {
  host: WorkerHost
  request: ModelJob
  job: Pick<JobHandle, 'progress'>
  signal: AbortSignal
}

/**
 * @returns null when the signal stopped it
 * @throws StudioError backbone/*, worker/crashed
 */
export async function bringIn({ host, request, job, signal }: BringIn): Promise<BroughtIn | null> {
  if (signal.aborted) return null
  const worker = new WorkerConversation(host, 'models', (message) => {
    if (message.type === 'progress') job.progress(message)
  })
  const stop = (): void => worker.stop({ type: 'stop' }, STOP_GRACE_MS)
  signal.addEventListener('abort', stop, { once: true })
  try {
    worker.send({ type: 'start', job: request })
    const { backboneId, measurements } = await worker.ended
    return backboneId === null || signal.aborted ? null : { backboneId, measurements }
  } catch (error) {
    // It was to end, and did so in its own way.
    if (signal.aborted) return null
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.exited
  }
}
