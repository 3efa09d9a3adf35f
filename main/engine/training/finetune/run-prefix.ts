/** The frozen beginning of a network, fed with whole batches. */
import type { FrozenNetwork } from '../../executors/executor'

export interface PrefixRunner {
  /** @returns [count, ...outputShape]. One batch is in the network at a time, in the order they came. */
  (batch: Float32Array, count: number): Promise<Float32Array>
  /** Resolves when nothing is in the network. */
  idle(): Promise<void>
}

export function runPrefix(prefix: FrozenNetwork): PrefixRunner {
  let last: Promise<unknown> = Promise.resolve()
  const run = (batch: Float32Array, count: number): Promise<Float32Array> => {
    const turn = last.then(() => (count === 0 ? new Float32Array() : inParts(prefix, batch, count)))
    last = turn.catch(() => undefined)
    return turn
  }
  return Object.assign(run, { idle: async () => void (await last) })
}

/** In calls of the size that the network likes, side by side. */
async function inParts(prefix: FrozenNetwork, batch: Float32Array, count: number): Promise<Float32Array> {
  const size = prefix.pace?.batchSize ?? count
  if (size >= count) return prefix.run(batch, count)
  const each = batch.length / count
  const width = prefix.outputShape.reduce((product, side) => product * side, 1)
  const outputs = new Float32Array(count * width)
  const starts = Array.from({ length: Math.ceil(count / size) }, (_, index) => index * size)
  await Promise.all(
    starts.map(async (start) => {
      const images = Math.min(size, count - start)
      // A copy: a view would travel to the thread with the whole batch behind it.
      const part = batch.slice(start * each, (start + images) * each)
      outputs.set(await prefix.run(part, images), start * width)
    })
  )
  return outputs
}
