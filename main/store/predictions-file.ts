/** Reads the predictions that a train worker wrote (the tensors are listed in shared/worker-protocol/train.ts). */
import { readFile } from 'node:fs/promises'
import { SPLITS, type Split } from '@shared/domain/dataset'
import { StudioError } from '@shared/errors'
import { decodeSafetensors, type SafetensorsData } from '@shared/formats/safetensors'
import { argMax } from '@shared/statistics/classification'

export interface PredictionRow {
  imageId: number
  split: Split
  truth: number
  predicted: number
  /** Of the predicted class. */
  probability: number
  truthProbability: number
  /** Float32, little-endian: a view on the file's bytes. */
  blob: Uint8Array
}

/**
 * @param classCount how many classes the run has.
 * @throws StudioError internal when the file does not fit the run, run/diverged when it holds probabilities that are no numbers.
 */
export async function readPredictionsFile(file: string, classCount: number): Promise<PredictionRow[]> {
  const { tensors } = decodeSafetensors(await readFile(file))
  const wrong = (what: string): StudioError =>
    new StudioError('internal', `The predictions in '${file}' ${what}.`, { file })
  const tensor = (name: string, length?: number): SafetensorsData => {
    const data = tensors.get(name)?.data
    if (!data) throw wrong(`have no '${name}'`)
    if (length !== undefined && data.length !== length) throw wrong(`have ${data.length} '${name}', not ${length}`)
    return data
  }
  const imageIds = tensor('imageId')
  const count = imageIds.length
  const splits = tensor('split', count)
  const truths = tensor('truth', count)
  const probabilities = tensor('probabilities', count * classCount)
  if (!(probabilities instanceof Float32Array)) throw wrong('are not float32')
  if (!probabilities.every(Number.isFinite)) {
    throw new StudioError('run/diverged', `The predictions in '${file}' hold values that are no numbers.`, { file })
  }
  return Array.from(imageIds, (imageId, row) => {
    const split = SPLITS[splits[row]!]
    const truth = truths[row]!
    if (!split || truth < 0 || truth >= classCount) throw wrong(`name an unknown split or class in row ${row}`)
    const start = row * classCount
    const predicted = argMax(probabilities, start, classCount)
    return {
      imageId,
      split,
      truth,
      predicted,
      probability: probabilities[start + predicted]!,
      truthProbability: probabilities[start + truth]!,
      blob: new Uint8Array(probabilities.buffer, probabilities.byteOffset + 4 * start, 4 * classCount)
    }
  })
}
