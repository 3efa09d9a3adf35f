/** How fast this machine is, on every executor that is there. */
import type { DeviceBenchmark } from '@shared/domain/device'
import { toErrorData } from '@shared/errors'
import type { InferClient } from '../inference/infer-client'
import type { JobsService } from '../jobs/jobs'

export interface BenchmarkContext {
  infer: Pick<InferClient, 'call'>
  jobs: JobsService
  /** Resolves once the machine has been looked at, so that what there is takes part. */
  known(): Promise<unknown>
}

/**
 * Products of matrices and backbones of three sizes; takes about half a minute, and can be stopped.
 * @throws StudioError job/cancelled, worker/crashed
 */
export async function benchmarkDevices({ infer, jobs, known }: BenchmarkContext): Promise<DeviceBenchmark> {
  const stop = new AbortController()
  const title = 'Measure this machine'
  const job = jobs.start({ kind: 'measure', title, stoppable: true, onStop: () => stop.abort() })
  try {
    await known()
    const { result } = await infer.call({ type: 'benchmark' }, 'benchmarked', {
      signal: stop.signal,
      onProgress: (done, total) => job.progress({ phase: 'Measuring', done, total })
    })
    job.done()
    return result
  } catch (error) {
    if (stop.signal.aborted) job.cancelled()
    else job.fail(toErrorData(error))
    throw error
  }
}
