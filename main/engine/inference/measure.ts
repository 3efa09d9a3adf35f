/** How fast a backbone is on an executor, here and now: only the forward pass, on numbers that are there already. */
import type { SpeedMeasurement } from '@shared/domain/device'
import type { LoadedBackbone } from '../backbones/load-backbone'
import type { Executor, FrozenNetwork } from '../executors/executor'

const BATCH_SIZE = 32
const SMALL_BATCH = 4
/** A batch that takes longer than this is measured on a smaller one: nobody wants to wait for wasm. */
const PATIENCE_MS = 1500
const BUDGET_MS = 1500

/** @throws StudioError backbone/corrupt, device/no-executor */
export async function measureSpeed(backbone: LoadedBackbone, executor: Executor): Promise<SpeedMeasurement> {
  return measureNetwork(backbone.info.id, await backbone.openFeatures(executor), executor)
}

/** Of a network, which is closed afterwards. */
export async function measureNetwork(
  backboneId: string,
  network: FrozenNetwork,
  executor: Executor
): Promise<SpeedMeasurement> {
  try {
    const single = await fastest(network, 1, BUDGET_MS / 3)
    const batchSize = single * BATCH_SIZE > PATIENCE_MS ? SMALL_BATCH : BATCH_SIZE
    const batch = await fastest(network, batchSize, BUDGET_MS)
    return {
      backboneId,
      executor: executor.id,
      device: executor.device,
      batchSize,
      imagesPerSecond: (1000 * batchSize) / batch,
      msPerImage: single
    }
  } finally {
    await network.dispose()
  }
}

/** Milliseconds of the fastest of several runs, the first not counted: whatever else the machine does only ever adds. */
export async function fastest(network: FrozenNetwork, count: number, budgetMs: number): Promise<number> {
  const size = network.inputShape.reduce((product, side) => product * side, 1)
  const input = Float32Array.from({ length: count * size }, (_, index) => Math.sin(index))
  await network.run(input, count)
  const begin = performance.now()
  let best = Infinity
  do {
    const start = performance.now()
    await network.run(input, count)
    best = Math.min(best, performance.now() - start)
  } while (performance.now() - begin < budgetMs)
  return best
}
