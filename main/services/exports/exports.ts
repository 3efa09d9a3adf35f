/** Taking a trained model away. */
import { readdir } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { ExportResult } from '@shared/domain/prediction'
import { StudioError, toErrorData } from '@shared/errors'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import type { Store } from '../../store/store'
import type { InferClient } from '../inference/infer-client'
import type { JobsService } from '../jobs/jobs'

/** Enough test images to notice a wrong layer, few enough to wait for. */
const PROBES = 32

export interface ExportsContext {
  store: Store
  jobs: JobsService
  infer: InferClient
  /** @throws StudioError run/not-found, run/no-checkpoint */
  model(runId: string): Promise<TrainedModel>
}

export class ExportsService {
  constructor(private readonly context: ExportsContext) {}

  /**
   * Writes a TF.js LayersModel with labels and contract beside it, then reloads it and compares its predictions.
   *
   * @param directory absolute; new or empty
   * @throws StudioError export/exists, export/failed, export/parity, run/not-found, run/no-checkpoint
   */
  async layersModel(runId: string, directory: string): Promise<ExportResult> {
    const model = await this.context.model(runId)
    await assertFree(directory)
    const job = this.context.jobs.start({ kind: 'export', title: `Export ${model.runName}`, stoppable: false, runId })
    job.progress({ phase: 'Writing and comparing', done: 0, total: 0 })
    try {
      const probes = await this.probes(runId)
      const { result } = await this.context.infer.call({ type: 'export', model, directory, probes }, 'exported')
      job.done()
      return result
    } catch (error) {
      job.fail(toErrorData(error))
      throw error
    }
  }

  /** Paths of test images of the run, of whatever dataset they are in now. */
  private async probes(runId: string): Promise<string[]> {
    const { runs, datasets } = this.context.store
    const run = await runs.get(runId)
    const dataset = run && (await datasets.get(run.datasetId))
    if (!dataset) return []
    const { predictions } = await runs.predictions(runId, { split: 'test' }, 0, PROBES)
    return predictions.map(({ image }) => join(dataset.root, image.path))
  }
}

async function assertFree(directory: string): Promise<void> {
  if (!isAbsolute(directory)) {
    throw new StudioError('export/failed', `Give the whole path of a folder, not '${directory}'.`, { directory })
  }
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new StudioError(
      'export/failed',
      `${directory} cannot be written to: ${error.message}.`,
      { directory },
      { cause: error }
    )
  })
  if (entries.length > 0) throw new StudioError('export/exists', `${directory} is not empty.`, { directory })
}
