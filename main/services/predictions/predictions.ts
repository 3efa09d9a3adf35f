/** Predictions on pictures that no dataset holds. */
import { stat } from 'node:fs/promises'
import type { ImagePrediction } from '@shared/domain/prediction'
import { StudioError, toErrorData } from '@shared/errors'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import type { InferClient } from '../inference/infer-client'
import type { JobsService } from '../jobs/jobs'
import type { UploadsService } from './uploads'

export type ImageSource = { uploadId: string } | { path: string }

export interface FolderPredictions {
  done: number
  total: number
  predictions: ImagePrediction[]
}

export interface PredictionsContext {
  jobs: JobsService
  infer: InferClient
  uploads: UploadsService
  /** @throws StudioError run/not-found, run/no-checkpoint */
  model(runId: string): Promise<TrainedModel>
}

export class PredictionsService {
  constructor(private readonly context: PredictionsContext) {}

  /** @throws StudioError run/no-checkpoint, image/not-found, image/corrupt and the like when the picture cannot be read */
  async image(runId: string, source: ImageSource): Promise<ImagePrediction> {
    const model = await this.context.model(runId)
    const upload = 'uploadId' in source ? this.context.uploads.get(source.uploadId) : null
    const path = upload?.path ?? ('path' in source ? source.path : '')
    await assertFile(path)
    const answer = await this.context.infer.call({ type: 'predict', model, path }, 'predictions')
    const prediction = answer.predictions[0]
    if (!prediction) throw new StudioError('predict/no-images', `There is no image at ${path}.`, { path })
    if (prediction.error) throw StudioError.fromData(prediction.error)
    return upload ? { ...prediction, file: upload.name } : prediction
  }

  /**
   * Every image of a folder, in parts. A reader that leaves cancels it, as does cancelling its job.
   *
   * @throws StudioError run/no-checkpoint, predict/no-images, job/cancelled
   */
  folder(runId: string, path: string, signal?: AbortSignal): AsyncIterableIterator<FolderPredictions> {
    const leaving = new AbortController()
    signal?.addEventListener('abort', () => leaving.abort(), { once: true })
    return leavable(this.predictFolder(runId, path, leaving), leaving)
  }

  private async *predictFolder(
    runId: string,
    path: string,
    leaving: AbortController
  ): AsyncGenerator<FolderPredictions, void> {
    const model = await this.context.model(runId)
    await assertFolder(path)
    const job = this.context.jobs.start({
      kind: 'predict',
      title: `Predict with ${model.runName}`,
      stoppable: true,
      runId,
      onStop: () => leaving.abort()
    })
    try {
      for await (const answer of this.context.infer.stream({ type: 'predict-folder', model, path }, leaving.signal)) {
        if (answer.type !== 'predictions') continue
        const { done, total, predictions } = answer
        job.progress({ phase: 'Predicting', done, total })
        yield { done, total, predictions }
      }
      job.done()
    } catch (error) {
      if (!leaving.signal.aborted) job.fail(toErrorData(error))
      throw error
    } finally {
      // Nothing more than a no-op where the job has ended by itself.
      job.cancelled()
    }
  }
}

/** A generator that waits notices a reader's leaving only when it wakes; the controller wakes it. */
function leavable<T>(generator: AsyncGenerator<T, void>, leaving: AbortController): AsyncIterableIterator<T> {
  return {
    next: () => generator.next(),
    return: async () => {
      leaving.abort()
      await generator.return()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    }
  }
}

async function assertFile(path: string): Promise<void> {
  const info = await stat(path).catch(() => null)
  if (!info?.isFile()) throw new StudioError('image/not-found', `There is no file at ${path}.`, { path })
}

async function assertFolder(path: string): Promise<void> {
  const info = await stat(path).catch(() => null)
  if (!info?.isDirectory()) throw new StudioError('predict/no-images', `There is no folder at ${path}.`, { path })
}
