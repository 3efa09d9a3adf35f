/** A head behind a network that cannot be changed: the last layer of a model that is run in a foreign form. */
import { StudioError } from '@shared/errors'
import type { FrozenNetwork } from '../executors/executor'
import type { HeadTensors } from './checkpoint'

/**
 * A few thousand multiply-adds for a picture: nothing beside the network, so that plain JavaScript does.
 * @returns from the picture to the logits; disposing of it disposes of `features`
 * @throws StudioError backbone/corrupt when the head was trained on another width
 */
export function withHead(features: FrozenNetwork, head: HeadTensors): FrozenNetwork {
  const { hidden } = head
  const [width] = (hidden ?? head).kernel.shape as [number]
  const [classes] = head.bias.shape as [number]
  const actual = features.outputShape.reduce((product, side) => product * side, 1)
  if (actual !== width) {
    const message = `The head was trained on ${width} features; the backbone gives ${actual}.`
    throw new StudioError('backbone/corrupt', message, { expected: width, actual })
  }
  const { inputShape, pace } = features
  const classify = (rows: Float32Array, count: number): Float32Array => {
    if (!hidden) return dense(rows, count, head)
    const inner = dense(rows, count, hidden).map((value) => Math.max(0, value))
    return dense(inner, count, head)
  }
  return {
    inputShape,
    outputShape: [classes],
    ...(pace && { pace }),
    run: async (batch, count) => classify(await features.run(batch, count), count),
    ...(features.runPictures && {
      runPictures: async (pictures, contract) =>
        classify(await features.runPictures!(pictures, contract), pictures.length)
    }),
    dispose: () => features.dispose()
  }
}

/** @param rows [count, inputs] @returns [count, outputs] */
function dense(
  rows: Float32Array,
  count: number,
  { kernel, bias }: Pick<HeadTensors, 'kernel' | 'bias'>
): Float32Array {
  const [inputs, outputs] = kernel.shape as [number, number]
  const result = new Float32Array(count * outputs)
  for (let row = 0; row < count; row++) {
    for (let to = 0; to < outputs; to++) {
      let sum = bias.data[to]!
      for (let from = 0; from < inputs; from++) sum += rows[row * inputs + from]! * kernel.data[from * outputs + to]!
      result[row * outputs + to] = sum
    }
  }
  return result
}
