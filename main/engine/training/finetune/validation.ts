/** Scores of a network on images that it does not learn from. */
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import type { ImageInputs } from './image-inputs'
import type { TrainableNetwork } from './trainable-network'

export interface Validation {
  /** Mean cross-entropy, nats. */
  loss: number
  accuracy: number
  /** [images, classes]; of an image that could not be read, the uniform distribution. */
  probabilities: Float32Array
}

export async function validate(
  ops: NativeOps,
  network: TrainableNetwork,
  inputs: ImageInputs,
  images: readonly LabelledImage[],
  batchSize: number
): Promise<Validation> {
  const { classes } = network
  const byImage = new Map<number, Float32Array>()
  let loss = 0
  let right = 0
  for (let start = 0; start < images.length; start += batchSize) {
    const batch = await inputs.plain(images.slice(start, start + batchSize))
    if (batch.images.length === 0) continue
    const x = ops.tf.tensor4d(batch.values, [batch.images.length, ...inputs.shape], 'float32')
    const logits = network.predict(x)
    x.dispose()
    batch.images.forEach(({ id, classIndex }, row) => {
      const probabilities = softmax(logits.subarray(row * classes, (row + 1) * classes))
      byImage.set(id, probabilities)
      loss -= Math.log(Math.max(probabilities[classIndex]!, Number.MIN_VALUE))
      if (argMax(probabilities) === classIndex) right += 1
    })
  }
  const probabilities = new Float32Array(images.length * classes).fill(1 / classes)
  images.forEach(({ id }, row) => byImage.has(id) && probabilities.set(byImage.get(id)!, row * classes))
  return { loss: loss / byImage.size, accuracy: right / byImage.size, probabilities }
}

/** Share of rows whose largest value stands at the truth. */
export function accuracyOf(logits: Float32Array, images: readonly LabelledImage[], classes: number): number {
  const right = images.filter(
    ({ classIndex }, row) => argMax(logits.subarray(row * classes, (row + 1) * classes)) === classIndex
  )
  return right.length / images.length
}

function softmax(logits: Float32Array): Float32Array {
  const highest = Math.max(...logits)
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - highest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return Float32Array.from(powers, (power) => power / sum)
}

function argMax(values: Float32Array): number {
  let best = 0
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index
  return best
}
