/** Whether a run that rests can go on, and would be the same run. */
import { isResting, type Run } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import type { RunContext } from './context'
import { assertStartable, type Startable } from './preflight'

/**
 * @throws StudioError run/not-resumable when it is at its end or at work; run/dataset-changed, run/backbone-changed when it would be
 *   another run; dataset/*, backbone/not-found, runtime/not-ready when it could not start
 */
export async function assertResumable(context: RunContext, run: Run): Promise<Startable> {
  const { id: runId, name, state } = run
  if (!isResting(state)) {
    throw new StudioError('run/not-resumable', `'${name}' is ${state}.`, { runId, state })
  }
  const found = await assertStartable(context, run.datasetId, run.config)
  if (found.dataset.contentHash !== run.datasetHash) {
    const message = `The images, labels or splits of '${run.datasetName}' are not those that '${name}' began with.`
    throw new StudioError('run/dataset-changed', message, { runId, datasetId: run.datasetId })
  }
  const before = run.environment?.hashes?.backbone
  if (before && before !== found.backbone.weightsHash) {
    const message = `The weights of ${found.backbone.name} are not those that '${name}' began with.`
    throw new StudioError('run/backbone-changed', message, { runId, backboneId: found.backbone.id })
  }
  return found
}
