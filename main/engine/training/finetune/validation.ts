/** Scores of a network on images that it does not learn from. */
import { argMax, meanCrossEntropy } from '@shared/statistics/classification'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import type { StepInputs } from './step-inputs'
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
  inputs: StepInputs,
  images: readonly LabelledImage[],
  batchSize: number
): Promise<Validation> {
  const { classes } = network.head
  const seen: LabelledImage[] = []
  const rows: Float32Array[] = []
  for await (const batch of inputs.evaluation(images, batchSize)) {
    if (batch.images.length === 0) continue
    const x = ops.tf.tensor4d(batch.values, [batch.images.length, ...inputs.shape], 'float32')
    const logits = network.predict(x)
    x.dispose()
    batch.images.forEach((image, row) => {
      seen.push(image)
      rows.push(softmax(logits.subarray(row * classes, (row + 1) * classes)))
    })
  }
  const truth = seen.map(({ classIndex }) => classIndex)
  const right = rows.filter((row, index) => argMax(row) === truth[index]).length
  const loss = meanCrossEntropy(concatenate(rows, classes), truth, classes)
  return { loss, accuracy: right / Math.max(seen.length, 1), probabilities: inOrderOf(images, seen, rows, classes) }
}

function softmax(logits: Float32Array): Float32Array {
  const highest = Math.max(...logits)
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - highest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return Float32Array.from(powers, (power) => power / sum)
}

function inOrderOf(
  images: readonly LabelledImage[],
  seen: readonly LabelledImage[],
  rows: readonly Float32Array[],
  classes: number
): Float32Array {
  const byImage = new Map(seen.map(({ id }, index) => [id, rows[index]!]))
  const unknown = new Float32Array(classes).fill(1 / classes)
  return concatenate(
    images.map(({ id }) => byImage.get(id) ?? unknown),
    classes
  )
}

function concatenate(rows: readonly Float32Array[], width: number): Float32Array {
  const all = new Float32Array(rows.length * width)
  rows.forEach((row, index) => all.set(row, index * width))
  return all
}
