/** The frozen beginning of a network, fed with whole batches. */
import type { ValueContract } from '../../data/normalize'
import { runPictures } from '../../data/run-batches'
import type { FrozenNetwork } from '../../executors/executor'
import type { InputValues } from './image-inputs'

export interface PrefixRunner {
  /**
   * @param batch [count, ...inputShape], numbers, or RGB bytes
   * @returns [count, ...outputShape]. One batch is in the network at a time, in the order they came.
   */
  (batch: InputValues, count: number): Promise<Float32Array>
  /** Resolves when nothing is in the network. */
  idle(): Promise<void>
}

/** @param contract what bytes become */
export function runPrefix(prefix: FrozenNetwork, contract: ValueContract): PrefixRunner {
  let last: Promise<unknown> = Promise.resolve()
  const run = (batch: InputValues, count: number): Promise<Float32Array> => {
    const turn = last.then(() => (count === 0 ? new Float32Array() : inParts(prefix, contract, batch, count)))
    last = turn.catch(() => undefined)
    return turn
  }
  return Object.assign(run, { idle: async () => void (await last) })
}

/** In calls of the size that the network likes, side by side. */
async function inParts(
  prefix: FrozenNetwork,
  contract: ValueContract,
  batch: InputValues,
  count: number
): Promise<Float32Array> {
  const size = prefix.pace?.batchSize ?? count
  const each = batch.length / count
  const pass = (start: number, images: number): Promise<Float32Array> => {
    if (batch instanceof Uint8Array) {
      const pictures = Array.from({ length: images }, (_, place) => start + place)
      return runPictures(
        prefix,
        pictures.map((place) => batch.subarray(place * each, (place + 1) * each)),
        contract
      )
    }
    // A copy: a view would travel to the thread with the whole batch behind it.
    return prefix.run(images === count ? batch : batch.slice(start * each, (start + images) * each), images)
  }
  if (size >= count) return pass(0, count)
  const width = prefix.outputShape.reduce((product, side) => product * side, 1)
  const outputs = new Float32Array(count * width)
  const starts = Array.from({ length: Math.ceil(count / size) }, (_, index) => index * size)
  await Promise.all(
    starts.map(async (start) => {
      outputs.set(await pass(start, Math.min(size, count - start)), start * width)
    })
  )
  return outputs
}
