/** Which rectified channels of a network fire at all on the batches that it is shown. */
import type { NativeOps, Tensor } from '../../executors/tensorflow-kernels/native-ops'
import type { DeadUnits } from '../../diagnosis/live/recent'

export class FiredUnits {
  private readonly layers = new Map<string, Uint8Array>()

  /** @param y [images, …, channels], after the rectifier; stays the caller's. */
  see(ops: NativeOps, layer: string, y: Tensor): void {
    const axes = Array.from({ length: y.rank - 1 }, (_, axis) => axis)
    const highest = ops.tf.tidy(() => ops.max(y, axes))
    const values = highest.dataSync<'float32'>()
    highest.dispose()
    const fired = this.layers.get(layer) ?? new Uint8Array(values.length)
    this.layers.set(layer, fired)
    for (let channel = 0; channel < values.length; channel++) if (values[channel]! > 0) fired[channel] = 1
  }

  /** Null where nothing was seen. */
  result(): DeadUnits | null {
    const all = [...this.layers].map(([layer, fired]) => ({
      layer,
      units: fired.length,
      dead: fired.reduce((count, one) => count + (one === 0 ? 1 : 0), 0)
    }))
    if (all.length === 0) return null
    return {
      units: all.reduce((sum, { units }) => sum + units, 0),
      dead: all.reduce((sum, { dead }) => sum + dead, 0),
      worst: all.reduce((worst, layer) => (layer.dead / layer.units > worst.dead / worst.units ? layer : worst))
    }
  }
}
