/** Batches through a network, with as many of them in it at once as it works best with. */
import type { FrozenNetwork, Pace } from '../executors/executor'
import type { LoadedBatch } from './batches'
import { normalize, type ValueContract } from './normalize'

/** Of a network that does not say: all threads work on one batch. */
const ONE_BY_ONE: Pace = { inFlight: 1, batchSize: 32 }

export const paceOf = ({ pace }: FrozenNetwork): Pace => pace ?? ONE_BY_ONE

export interface RunBatch<T> {
  batch: LoadedBatch<T>
  /** Of the items that could be read; empty when there are none. */
  outputs: Float32Array
}

/**
 * In the order of the batches. The next ones are put together, and go into the network, while whoever reads this is busy with
 * one. Leaving the loop early, or a failure, waits for the calls in the network: it can be disposed of afterwards.
 */
export async function* runBatches<T>(
  batches: AsyncGenerator<LoadedBatch<T>>,
  network: FrozenNetwork,
  contract: ValueContract
): AsyncGenerator<RunBatch<T>> {
  const { inFlight } = paceOf(network)
  const running: { batch: LoadedBatch<T>; outputs: Promise<Float32Array> }[] = []
  let next = batches.next()
  /** @returns whether there was another batch to start. */
  const start = async (): Promise<boolean> => {
    const { value: batch, done } = await next
    if (done) return false
    const { pictures } = batch
    const outputs = pictures.length > 0 ? runPictures(network, pictures, contract) : Promise.resolve(new Float32Array())
    running.push({ batch, outputs })
    next = batches.next()
    // Both are awaited at their turn; should something else fail before, their failures must not go unheard as well.
    for (const promise of [running.at(-1)!.outputs, next]) promise.catch(() => undefined)
    return true
  }
  try {
    for (let more = true; ;) {
      while (more && running.length < inFlight) more = await start()
      const oldest = running[0]
      if (!oldest) return
      const outputs = await oldest.outputs
      running.shift()
      // Before the outputs are handed over, so that the network does not wait for what is done with them.
      if (more) more = await start()
      yield { batch: oldest.batch, outputs }
    }
  } finally {
    await Promise.allSettled(running.map(({ outputs }) => outputs))
    await batches.return(undefined)
  }
}

/** @param pictures RGB bytes, size × size × 3 each */
export function runPictures(
  network: FrozenNetwork,
  pictures: readonly Uint8Array[],
  contract: ValueContract
): Promise<Float32Array> {
  if (network.runPictures) return network.runPictures(pictures, contract)
  const size = pictures[0]!.length
  const values = new Float32Array(pictures.length * size)
  pictures.forEach((pixels, index) => normalize(pixels, contract, values, index * size))
  return network.run(values, pictures.length)
}
