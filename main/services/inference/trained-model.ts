/** A run as the infer worker needs it. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Backbone } from '@shared/domain/backbone'
import type { Run } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import type { TrainedModel } from '@shared/worker-protocol/infer'

/** @param runsDirectory the folder that holds a folder for each run @throws StudioError run/no-checkpoint */
export async function trainedModel(run: Run, backbone: Backbone, runsDirectory: string): Promise<TrainedModel> {
  const checkpointFile = join(runsDirectory, run.id, 'checkpoint.safetensors')
  await access(checkpointFile).catch((cause: unknown) => {
    throw new StudioError('run/no-checkpoint', `'${run.name}' has no checkpoint.`, { runId: run.id }, { cause })
  })
  return {
    runId: run.id,
    runName: run.name,
    backboneId: run.config.backboneId,
    classes: run.classes,
    contract: run.config.contract ?? backbone.contract,
    checkpointFile
  }
}
