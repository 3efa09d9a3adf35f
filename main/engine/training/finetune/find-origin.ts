/** Where in a step the first value stood that is no number: the step is gone through again, layer by layer. */
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { Origin } from '../../diagnosis/live/not-a-number'
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import type { Gradients } from './parameters'
import type { LearningBatch } from './step-inputs'
import type { TrainableNetwork } from './trainable-network'

const NAMED = 3

interface Place {
  kind: Origin['kind']
  layer: string
  op: string
  /** Of the batch; null: all of it. */
  rows: readonly number[] | null
}

/**
 * Takes as long as a step; nothing is left on TensorFlow's side.
 *
 * @param batches of the step; empty: of a validation, of which only the weights are looked at
 * @param gradients of the step where they are there; stay the caller's
 * @returns null when everything is a number now
 */
export function findOrigin(
  ops: NativeOps,
  network: TrainableNetwork,
  batches: readonly LearningBatch[],
  shape: readonly [number, number, number],
  gradients: Gradients | null
): Origin | null {
  for (const { images, values } of batches) {
    const width = values.length / Math.max(1, images.length)
    const rows = wrongRows(values, images.length, width)
    if (rows.length > 0) return named({ kind: 'input', layer: 'input', op: 'input', rows }, images)
  }
  const all = batches.flatMap(({ images }) => images)
  const weight = network.parameters.all.find(({ variable }) => !allFinite(variable.toArray()))
  if (weight) return named({ kind: 'weights', layer: weight.key, op: 'weight', rows: null }, all)
  for (const { images, values } of batches) {
    const place = walk(ops, network, values, images.length, shape)
    if (place) return named(place, images)
  }
  for (const [key, gradient] of gradients ?? []) {
    if (!allFinite(gradient.dataSync<'float32'>()))
      return named({ kind: 'gradient', layer: key, op: 'gradient', rows: null }, all)
  }
  return null
}

function walk(
  ops: NativeOps,
  network: TrainableNetwork,
  values: Float32Array,
  count: number,
  shape: readonly [number, number, number]
): Place | null {
  const x = ops.tf.tensor4d(values, [count, ...shape], 'float32')
  let place: Place | null = null
  network.trace(x as Tensor, (layer, op, value) => {
    const data = value.dataSync<'float32'>()
    const rows = wrongRows(data, count, data.length / count)
    if (rows.length > 0) place = { kind: 'values', layer, op, rows }
    return place === null
  })
  if (!place) {
    const logits = network.predict(x as Tensor)
    const rows = wrongRows(logits, count, logits.length / count)
    if (rows.length > 0) place = { kind: 'values', layer: 'head', op: 'dense', rows }
  }
  x.dispose()
  return place
}

function named({ rows, ...place }: Place, images: readonly LabelledImage[]): Origin {
  const found = rows ? rows.map((row) => images[row]!) : images
  return {
    ...place,
    batch: images.length,
    imageIds: found.map(({ id }) => id),
    paths: found.slice(0, NAMED).map(({ path }) => path)
  }
}

function wrongRows(values: Float32Array, count: number, width: number): number[] {
  return Array.from({ length: count }, (_, row) => row).filter(
    (row) => !allFinite(values.subarray(row * width, (row + 1) * width))
  )
}

function allFinite(values: Float32Array): boolean {
  for (let index = 0; index < values.length; index++) if (!Number.isFinite(values[index]!)) return false
  return true
}
