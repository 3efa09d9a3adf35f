/** One backbone, from its source into a folder: read, checked, written, measured. Nothing is written before the checks. */
import type { SpeedMeasurement } from '@shared/domain/device'
import { StudioError } from '@shared/errors'
import type { ModelJob } from '@shared/worker-protocol/models'
import { chooseExecutors } from '../../executors/choose'
import { measureSpeed } from '../../inference/measure'
import { loadBackbone } from '../load-backbone'
import type { Candidate, OnProgress } from './candidate'
import { checkCandidate } from './check'
import { fromArchitecture } from './from-architecture'
import { fromFile } from './from-file'
import { fromPackage } from './from-package'
import { keepCandidate } from './keep'

export interface ImportedBackbone {
  backboneId: string
  /** How fast it is on what would run it; empty where nothing runs it yet. */
  measurements: SpeedMeasurement[]
}

/**
 * @param job its directory gets one sub-folder, named by the id
 * @param signal looked at between the steps
 * @throws StudioError backbone/*, store/*, device/no-executor; job/cancelled after the signal
 */
export async function importModel(
  job: ModelJob,
  onProgress: OnProgress,
  signal: AbortSignal
): Promise<ImportedBackbone> {
  const step: OnProgress = (phase, done, total) => {
    if (signal.aborted) throw new StudioError('job/cancelled', 'The import was stopped.')
    onProgress(phase, done, total)
  }
  const candidate = await read(job, step, signal)
  const { runtime, threads } = job
  const form = candidate.opaque?.form ?? 'graph'
  const { frozen } = await chooseExecutors({ runtime, threads, form, graph: candidate.graph, needsTraining: false })
  step('Checking')
  const parity = await checkCandidate(candidate, frozen)
  step('Writing')
  const { id: backboneId } = await keepCandidate(candidate, job.directory, job.name, parity)
  step('Measuring the speed')
  // What was written is read back as every run will read it.
  const backbone = await loadBackbone([job.directory], backboneId)
  return { backboneId, measurements: [await measureSpeed(backbone, frozen)] }
}

function read(job: ModelJob, step: OnProgress, signal: AbortSignal): Promise<Candidate> | Candidate {
  const { source } = job
  switch (source.type) {
    case 'file':
      return fromFile(source, job, step)
    case 'package':
      return fromPackage(source.offer, job.scratch, step, signal)
    case 'random':
      step('Drawing the weights')
      return fromArchitecture(source.architecture, source.seed, source.size)
  }
}
