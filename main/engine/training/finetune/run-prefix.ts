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

/** In calls of the size that the network likes, as many side by side as it likes. */
async function inParts(
  prefix: FrozenNetwork,
  contract: ValueContract,
  batch: InputValues,
  count: number
): Promise<Float32Array> {
  const { inFlight, batchSize } = prefix.pace ?? { inFlight: 1, batchSize: count }
  const each = batch.length / count
  const width = prefix.outputShape.reduce((product, side) => product * side, 1)
  const pass = (start: number, end: number): Promise<Float32Array> => {
    if (batch instanceof Uint8Array) {
      const pictures = Array.from({ length: end - start }, (_, place) =>
        batch.subarray((start + place) * each, (start + place + 1) * each)
      )
      return runPictures(prefix, pictures, contract)
    }
    // A copy: a view would travel to the thread with the whole batch behind it.
    const part = end - start < count ? batch.slice(start * each, end * each) : batch
    return prefix.run(part, end - start)
  }
  const outputs = new Float32Array(count * width)
  let next = 0
  const feed = async (): Promise<void> => {
    while (next < count) {
      const start = next
      next = Math.min(start + batchSize, count)
      try {
        outputs.set(await pass(start, next), start * width)
      } catch (error) {
        next = count
        throw error
      }
    }
  }
  // All of them, so that nothing is in the network when a failure is told.
  const ends = await Promise.allSettled(Array.from({ length: inFlight }, feed))
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure) throw failure.reason
  return outputs
}
