/** The training images of a run that its backbone takes to be most like another image. */
import { readFile } from 'node:fs/promises'
import { StudioError } from '@shared/errors'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import { labelledImageSchema } from '@shared/worker-protocol/train'
import { z } from 'zod'
import { atInputSize, type LoadedBackbone } from '../../backbones/load-backbone'
import { extractFeatures } from '../../data/features'
import { quantizationKey, type Quantization } from '../../data/quantization'
import type { Executor } from '../../executors/executor'
import { quantizationBeside } from '../../training/frozen-precision'
import { BACKBONE_PREFIX, readCheckpoint } from '../checkpoint'
import { openFeatureIndex, type FeatureIndex } from './feature-index'

export interface SimilarRequest {
  model: TrainedModel
  jobFile: string
  datasetHash: string
  featureCacheDirectory: string
  image: { id: number; path: string; hash: string }
  count: number
}

export interface SimilarAnswer {
  images: { id: number; distance: number }[]
  compared: number
  note: string | null
}

interface Options {
  signal?: AbortSignal
  /** Pictures whose features are there. */
  onProgress?: (done: number, total: number) => void
}

/** What one search leaves to the next: the features of all images of a run, those of the training split first. */
interface Indexed {
  root: string
  /** Of the training images, in the order of the rows. */
  ids: number[]
  rows: FeatureIndex
  /** Of any of the run's images, by what is in it. */
  featuresOf(hash: string): Float32Array | null
}

/** Of job.json, what is needed here. */
const jobSchema = z.object({ datasetRoot: z.string(), images: z.array(labelledImageSchema) })

/** Keeps the images of the set that was asked for last: 10,000 rows of 1,280 features take 51 MB. */
export class SimilarImages {
  private kept: { key: string; index: Promise<Indexed> } | null = null
  /** Whether a checkpoint holds a backbone of its own, by its file. */
  private readonly tuned = new Map<string, boolean>()

  /**
   * Features come out of the cache that training filled; what is missing there is computed.
   * @throws StudioError run/no-checkpoint, image/* when the image itself cannot be read, job/cancelled
   */
  async find(
    request: SimilarRequest,
    backbone: LoadedBackbone,
    executor: Executor,
    options: Options = {}
  ): Promise<SimilarAnswer> {
    const { model, image, count } = request
    const sized = atInputSize(backbone, model.contract.size)
    const tuned = await this.isTuned(model)
    // Of a head's run all features are there already, as it computed them.
    const quantization = tuned ? null : await quantizationBeside(model.checkpointFile)
    const extract = extractor(request, sized, executor, { ...options, quantization })
    const { root, ids, rows, featuresOf } = await this.indexOf(request, sized, quantization, extract)
    const query = featuresOf(image.hash) ?? (await featuresNow(extract, image, root))
    const nearest = rows.nearest(query, count, (index) => ids[index] === image.id)
    return {
      images: nearest.map(({ index, distance }) => ({ id: ids[index]!, distance })),
      compared: rows.size,
      note: noteOf(tuned, ids.length - rows.size)
    }
  }

  private async indexOf(
    request: SimilarRequest,
    { info }: LoadedBackbone,
    quantization: Quantization | null,
    extract: Extract
  ): Promise<Indexed> {
    const { datasetHash, model, jobFile } = request
    const precision = quantization && quantizationKey(quantization)
    const key = JSON.stringify([datasetHash, info.id, info.weightsHash, model.contract, precision])
    if (this.kept?.key === key) {
      const index = await this.kept.index.catch(() => null)
      if (index) return index
      // Whoever asked first has left, or a file was missing then: it is tried anew.
    }
    const index = readIndex(jobFile, extract)
    this.kept = { key, index }
    return index
  }

  private async isTuned({ checkpointFile }: TrainedModel): Promise<boolean> {
    const known = this.tuned.get(checkpointFile)
    if (known !== undefined) return known
    const tensors = await readCheckpoint(checkpointFile)
    const tuned = [...tensors.keys()].some((name) => name.startsWith(BACKBONE_PREFIX))
    this.tuned.set(checkpointFile, tuned)
    return tuned
  }
}

type Extract = (
  images: { id: number; path: string; hash: string }[],
  root: string
) => ReturnType<typeof extractFeatures>

function extractor(
  { model, featureCacheDirectory }: SimilarRequest,
  backbone: LoadedBackbone,
  executor: Executor,
  { signal, onProgress, quantization }: Options & { quantization: Quantization | null }
): Extract {
  return (images, root) =>
    extractFeatures({
      images,
      root,
      contract: model.contract,
      backbone,
      executor,
      cacheDirectory: featureCacheDirectory,
      quantization,
      signal,
      onProgress: ({ done, total }) => onProgress?.(done, total)
    })
}

async function readIndex(jobFile: string, extract: Extract): Promise<Indexed> {
  const text = await readFile(jobFile, 'utf8').catch((cause: unknown) => {
    throw new StudioError('run/no-checkpoint', `The list of the run's images, '${jobFile}', is gone.`, {}, { cause })
  })
  const { datasetRoot: root, images } = jobSchema.parse(JSON.parse(text))
  const train = images.filter(({ split }) => split === 'train')
  const all = [...train, ...images.filter(({ split }) => split !== 'train')]
  const { features, width } = await extract(all, root)
  const place = new Map(all.map(({ hash }, row) => [hash, row]))
  return {
    root,
    ids: train.map(({ id }) => id),
    rows: openFeatureIndex(features.subarray(0, train.length * width), width),
    featuresOf(hash) {
      const row = place.get(hash)
      const found = row === undefined ? null : features.subarray(row * width, (row + 1) * width)
      return found && Number.isFinite(found[0]) ? found : null
    }
  }
}

async function featuresNow(extract: Extract, image: SimilarRequest['image'], root: string): Promise<Float32Array> {
  const { features, failed } = await extract([image], root)
  if (failed[0]) throw StudioError.fromData(failed[0].error)
  return features
}

/** A fine-tuned backbone has features of its own, for which every training image would have to go through it. */
function noteOf(tuned: boolean, unread: number): string | null {
  const notes = [
    tuned ? 'By the features of the backbone as it was before fine-tuning.' : null,
    unread > 0 ? `${unread} training ${unread === 1 ? 'image' : 'images'} could not be read.` : null
  ].filter((note) => note !== null)
  return notes.join(' ') || null
}
