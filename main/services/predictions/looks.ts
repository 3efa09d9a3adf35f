/** Where runs look in pictures, and which training images they take to be like one. */
import type { HeatMap, HeatMethod, PictureSource, SimilarImages } from '@shared/domain/heat'
import type { ImageRecord } from '@shared/domain/dataset'
import type { Run } from '@shared/domain/run'
import { StudioError, toErrorData } from '@shared/errors'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import type { DatasetStore } from '../../store/store'
import type { Answer, InferCall, InferClient } from '../inference/infer-client'
import type { JobHandle, JobsService } from '../jobs/jobs'
import { pictureFile, type SourcesContext } from './sources'

export interface LooksContext extends SourcesContext {
  jobs: JobsService
  infer: InferClient
  images: Pick<DatasetStore, 'image'>
  /** @throws StudioError run/not-found */
  run(runId: string): Promise<Run>
  /** @throws StudioError run/not-found, run/no-checkpoint, backbone/changed */
  model(runId: string): Promise<TrainedModel>
  /** The run's list of the images that it was given. */
  jobFile(runId: string): string
  featureCacheDirectory: string
}

export interface HeatMapAsked {
  runId: string
  source: PictureSource
  classIndex: number | null
  method: HeatMethod
  overlay: boolean
}

export class LooksService {
  constructor(private readonly context: LooksContext) {}

  /** @throws StudioError run/no-checkpoint, backbone/*, image/*, request/invalid when there is no such class, job/cancelled */
  async heatMap({ runId, source, ...asked }: HeatMapAsked, signal?: AbortSignal): Promise<HeatMap> {
    const model = await this.context.model(runId)
    const { path, name } = await pictureFile(this.context, source)
    const title = `Occlusion map of ${name} with ${model.runName}`
    const { map } = await this.work({ type: 'heat', model, path, ...asked }, 'heat', { runId, title }, signal)
    return map
  }

  /** @throws StudioError run/no-checkpoint, image/not-found when no dataset holds the image now, job/cancelled */
  async similar(runId: string, imageId: number, count: number, signal?: AbortSignal): Promise<SimilarImages> {
    const start = performance.now()
    const { images, jobFile, featureCacheDirectory } = this.context
    const [run, model] = await Promise.all([this.context.run(runId), this.context.model(runId)])
    const record = await images.image(imageId)
    if (!record)
      throw new StudioError('image/not-found', `No dataset holds the image ${imageId} any more.`, { imageId })
    const image = { id: imageId, path: record.path, hash: record.hash }
    const title = `Features of the training images of ${model.runName}`
    const { datasetHash } = run
    const request = { type: 'similar', model, jobFile: jobFile(runId), datasetHash, featureCacheDirectory } as const
    const found = await this.work({ ...request, image, count }, 'similar', { runId, title }, signal)
    const records = await Promise.all(found.images.map(({ id }) => images.image(id)))
    const there = found.images.flatMap(({ distance }, index) => pair(records[index], distance))
    const gone = found.images.length - there.length
    const notes = [found.note, gone > 0 ? `Left out: ${gone} that the dataset no longer holds.` : null]
    const note = notes.filter((line) => line !== null).join(' ') || null
    return { images: there, compared: found.compared, note, ms: performance.now() - start }
  }

  /** What takes long enough to tell how far it is has a line in the list of jobs. */
  private async work<T extends Answer['type']>(
    request: InferCall,
    type: T,
    { runId, title }: { runId: string; title: string },
    signal?: AbortSignal
  ): Promise<Extract<Answer, { type: T }>> {
    const leaving = new AbortController()
    const leave = (): void => leaving.abort()
    signal?.addEventListener('abort', leave, { once: true })
    if (signal?.aborted) leave()
    let job: JobHandle | null = null
    const onProgress = (done: number, total: number): void => {
      if (done < total)
        job ??= this.context.jobs.start({ kind: 'predict', title, stoppable: true, runId, onStop: leave })
      job?.progress({ phase: 'Looking', done, total })
    }
    try {
      const answer = await this.context.infer.call(request, type, { signal: leaving.signal, onProgress })
      ;(job as JobHandle | null)?.done()
      return answer
    } catch (error) {
      if (leaving.signal.aborted) (job as JobHandle | null)?.cancelled()
      else (job as JobHandle | null)?.fail(toErrorData(error))
      throw error
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }
}

const pair = (image: ImageRecord | null | undefined, distance: number): SimilarImages['images'] =>
  image ? [{ image, distance }] : []
