/** A head behind a network that cannot be changed: the last layer of a model that is run in a foreign form. */
import { StudioError } from '@shared/errors'
import type { WeightTensor } from '../backbones/graph'
import type { FrozenNetwork } from '../executors/executor'

/**
 * A few thousand multiply-adds for a picture: nothing beside the network, so that plain JavaScript does.
 * @param head kernel [features, classes], bias [classes]
 * @returns from the picture to the logits; disposing of it disposes of `features`
 * @throws StudioError backbone/corrupt when the head was trained on another width
 */
export function withHead(features: FrozenNetwork, head: { kernel: WeightTensor; bias: WeightTensor }): FrozenNetwork {
  const [width, classes] = head.kernel.shape as [number, number]
  const actual = features.outputShape.reduce((product, side) => product * side, 1)
  if (actual !== width) {
    const message = `The head was trained on ${width} features; the backbone gives ${actual}.`
    throw new StudioError('backbone/corrupt', message, { expected: width, actual })
  }
  const { inputShape, pace } = features
  return {
    inputShape,
    outputShape: [classes],
    ...(pace && { pace }),
    async run(batch, count) {
      const rows = await features.run(batch, count)
      const logits = new Float32Array(count * classes)
      for (let row = 0; row < count; row++) {
        for (let to = 0; to < classes; to++) {
          let sum = head.bias.data[to]!
          for (let from = 0; from < width; from++) {
            sum += rows[row * width + from]! * head.kernel.data[from * classes + to]!
          }
          logits[row * classes + to] = sum
        }
      }
      return logits
    },
    dispose: () => features.dispose()
  }
}
