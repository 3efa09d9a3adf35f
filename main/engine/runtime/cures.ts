/** Kernels of @tensorflow/tfjs-node-gpu 4.22 that are wrong on TensorFlow 2.18 and newer, done right. */
import type { TensorFlow } from './load'

/** Rounding whole numbers is the identity; the library's kernel for int32 answers zeros. */
export function cureKernels(tf: TensorFlow): void {
  const stock = tf.getKernel('Round', 'tensorflow')
  if (!stock) return
  tf.unregisterKernel('Round', 'tensorflow')
  tf.registerKernel({
    ...stock,
    kernelFunc: (parameters) => {
      const x = parameters.inputs['x']
      if (x?.dtype !== 'int32') return stock.kernelFunc(parameters)
      tf.backend().incRef(x.dataId)
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype }
    }
  })
}
