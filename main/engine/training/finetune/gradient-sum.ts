/** Gradients of several micro-batches, added up to those of the batch that they are parts of. */
import type { NativeOps } from '../../executors/tensorflow-kernels/native-ops'
import type { Gradients } from './parameters'

/** @param into gets the sum; the tensors of both are used up. */
export function addGradients(ops: NativeOps, into: Gradients, more: Gradients): void {
  for (const [key, gradient] of more) {
    const known = into.get(key)
    if (!known) {
      into.set(key, gradient)
      continue
    }
    into.set(key, ops.add(known, gradient))
    known.dispose()
    gradient.dispose()
  }
  more.clear()
}

export function scaleGradients(ops: NativeOps, gradients: Gradients, factor: number): void {
  const scalar = ops.tf.scalar(factor)
  for (const [key, gradient] of gradients) {
    gradients.set(key, ops.multiply(gradient, scalar))
    gradient.dispose()
  }
  scalar.dispose()
}

export function disposeGradients(gradients: Gradients): void {
  for (const gradient of gradients.values()) gradient.dispose()
  gradients.clear()
}
