/** Predictions of a finished run on pictures from anywhere: one, or every image of a folder as they come. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ImagePrediction } from '@shared/domain/prediction'
import { StudioError } from '@shared/errors'
import { isImageName } from '@shared/formats/image-names'
import { loadBatches } from '../data/batches'
import { loadPixels } from '../data/preprocess'
import { paceOf, runBatches, runPictures } from '../data/run-batches'
import { topGuesses, type TrainedNetwork } from './trained-network'

const TOP = 5
/** Told at once: few enough that the first rows of a table appear soon, enough not to be a flood of messages. */
const TOLD_AT_ONCE = 16

/** @throws StudioError image/*: the only picture there is cannot be read */
export async function predictImage(model: TrainedNetwork, path: string): Promise<ImagePrediction> {
  const start = performance.now()
  const { data } = await loadPixels(path, model.contract)
  const logits = await runPictures(model.network, [data], model.contract)
  const top = topGuesses(logits, model, TOP)
  return { file: basename(path), top, error: null, ms: performance.now() - start }
}

export interface FolderPredictions {
  done: number
  total: number
  predictions: ImagePrediction[]
}

/**
 * Every file below `directory` that is named like an image; one that cannot be read comes with its error.
 * @throws StudioError predict/no-images, job/cancelled when the signal is aborted
 */
export async function* predictFolder(
  model: TrainedNetwork,
  directory: string,
  signal?: AbortSignal
): AsyncGenerator<FolderPredictions> {
  const files = await listImages(directory)
  if (files.length === 0) throw new StudioError('predict/no-images', `'${directory}' holds no images.`, { directory })
  const { contract, classes, network } = model
  const width = classes.length
  let done = 0
  let start = performance.now()
  const pathOf = (file: string): string => join(directory, file)
  const batchSize = Math.min(paceOf(network).batchSize, TOLD_AT_ONCE)
  const batches = loadBatches({ items: files, pathOf, contract, batchSize, signal })
  let untold: Omit<ImagePrediction, 'ms'>[] = []
  const tell = (): FolderPredictions => {
    const ms = (performance.now() - start) / untold.length
    const predictions = untold.map((prediction): ImagePrediction => ({ ...prediction, ms }))
    untold = []
    done += predictions.length
    return { done, total: files.length, predictions: predictions.sort((a, b) => compareNames(a.file, b.file)) }
  }
  // The next batches are decoded, and in the network, while these predictions are told.
  for await (const { batch, outputs: logits } of runBatches(batches, network, contract)) {
    if (signal?.aborted) break
    batch.items.forEach((file, index) => {
      const top = topGuesses(logits.subarray(index * width, (index + 1) * width), model, TOP)
      untold.push({ file, top, error: null })
    })
    for (const { item, error } of batch.failed) untold.push({ file: item, top: [], error: error.toData() })
    if (untold.length < TOLD_AT_ONCE) continue
    yield tell()
    start = performance.now()
  }
  if (untold.length > 0 && !signal?.aborted) yield tell()
  if (signal?.aborted) throw new StudioError('job/cancelled', 'The prediction was stopped.')
}

const { compare: compareNames } = new Intl.Collator('en', { numeric: true })

/** Relative paths, in the order of their names. Links are followed; a folder that was seen already is not entered again. */
async function listImages(root: string): Promise<string[]> {
  const files: string[] = []
  const seen = new Set<string>()
  const walk = async (relative: string): Promise<void> => {
    const directory = join(root, relative)
    const real = await realpath(directory)
    if (seen.has(real)) return
    seen.add(real)
    for (const name of (await readdir(directory)).sort(compareNames)) {
      if (name.startsWith('.')) continue
      const path = join(relative, name)
      const info = await stat(join(root, path)).catch(() => null)
      if (info?.isDirectory()) await walk(path)
      else if (info?.isFile() && isImageName(name)) files.push(path)
    }
  }
  try {
    await walk('')
  } catch (error) {
    throw new StudioError('predict/no-images', `'${root}' cannot be read: ${(error as Error).message}.`, { root })
  }
  return files
}
