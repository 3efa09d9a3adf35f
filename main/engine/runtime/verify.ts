/** The first operation: whatever loads but computes wrongly is not a runtime. */
import { StudioError } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { libraryVersion, loadTensorFlow, usesGpu, type TensorFlow } from './load'

export interface FirstOperation {
  /** Of the C library. */
  version: string
  gpu: boolean
}

const TOLERANCE = 1e-5

/**
 * Loads the runtime into this process, and runs a matrix product and the gradients of a convolution whose results are known.
 *
 * @throws StudioError runtime/corrupt, runtime/failed
 */
export function runFirstOperation(location: RuntimeLocation): FirstOperation {
  const tf = loadTensorFlow(location)
  expectValues('a matrix product', matrixProduct(tf), [19, 22, 43, 50])
  const { dx, dw } = convolutionGradients(tf)
  // Ones slid over a 3 × 3 picture: how many windows cover each pixel, and the sum of what each weight has seen.
  expectValues("a convolution's gradient by its input", dx, [1, 2, 1, 2, 4, 2, 1, 2, 1])
  expectValues("a convolution's gradient by its kernel", dw, [12, 16, 24, 28])
  return { version: libraryVersion(tf), gpu: usesGpu(tf) }
}

function matrixProduct(tf: TensorFlow): Float32Array {
  return tf.tidy(() => {
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2])
    const b = tf.tensor2d([5, 6, 7, 8], [2, 2])
    return tf.matMul(a, b).dataSync<'float32'>()
  })
}

function convolutionGradients(tf: TensorFlow): { dx: Float32Array; dw: Float32Array } {
  return tf.tidy(() => {
    const picture = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1])
    const kernel = tf.ones([2, 2, 1, 1])
    const loss = tf.grads((x, w) => tf.conv2d(x as typeof picture, w as typeof picture, 1, 'valid').sum())
    const [dx, dw] = loss([picture, kernel])
    return { dx: dx!.dataSync<'float32'>(), dw: dw!.dataSync<'float32'>() }
  })
}

function expectValues(what: string, actual: Float32Array, expected: number[]): void {
  const right = actual.length === expected.length && expected.every((v, i) => Math.abs(v - actual[i]!) <= TOLERANCE)
  if (right) return
  const details = { expected, actual: [...actual] }
  throw new StudioError('runtime/failed', `TensorFlow loads here, but computes ${what} wrongly.`, details)
}
