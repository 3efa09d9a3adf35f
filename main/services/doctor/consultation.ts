/** One conversation with a doctor worker, from its job to its diagnosis. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toErrorData } from '@shared/errors'
import type { DoctorMessage, DoctorRequest } from '@shared/worker-protocol/doctor'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { JobsService } from '../jobs/jobs'
import type { WorkerHost } from '../../supervisor/worker-host'

const STOP_GRACE_MS = 5000

export type Told = Exclude<DoctorMessage, { type: 'finished' | 'failed' }>
export type Diagnosed = Extract<DoctorMessage, { type: 'finished' }>['diagnosis']

export interface ConsultationInput {
  host: WorkerHost
  jobs: JobsService
  what: Exclude<DoctorRequest['type'], 'stop'>
  /** Written to a file; large arrays do not travel over ports. */
  job: object
  /** For the file, and removed afterwards. */
  directory: string
  title: string
  datasetId: string
  runId?: string
  signal?: AbortSignal
}

/**
 * What the worker tells as it goes, then its diagnosis. Leaving, or aborting the signal, ends it.
 *
 * @throws StudioError of the worker, worker/crashed
 */
export async function* consult(input: ConsultationInput): AsyncGenerator<Told, Diagnosed | null> {
  const { host, jobs, what, signal, title, datasetId, runId, directory } = input
  const line = jobs.start({ kind: 'doctor', title, stoppable: true, datasetId, runId, onStop: () => stop() })
  const told: Told[] = []
  let wake: () => void = () => undefined
  let ended = false
  const worker = new WorkerConversation(host, 'doctor', (message) => {
    if (message.type === 'failed' || message.type === 'finished') return
    if (message.type === 'phase') line.progress({ phase: message.text, done: 0, total: 0, etaSeconds: null })
    told.push(message)
    wake()
  })
  const stop = (): void => worker.stop({ type: 'stop' }, STOP_GRACE_MS)
  const onAbort = (): void => {
    stop()
    wake()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const end = worker.ended.finally(() => {
    ended = true
    wake()
  })
  end.catch(() => undefined)
  try {
    await mkdir(directory, { recursive: true })
    const jobFile = join(directory, 'doctor.json')
    await writeFile(jobFile, JSON.stringify(input.job))
    worker.send({ type: what, jobFile })
    while (!signal?.aborted) {
      const next = told.shift()
      if (next) yield next
      else if (ended) break
      else await new Promise<void>((resolve) => (wake = resolve))
    }
    if (signal?.aborted) return null
    const { diagnosis } = await end
    line.done()
    return diagnosis
  } catch (error) {
    line.fail(toErrorData(error))
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    if (!ended) stop()
    await end.catch(() => undefined)
    line.cancelled()
    await rm(directory, { recursive: true, force: true }).catch(() => undefined)
  }
}
