/** Do the layers, computed as they are defined, and an executor's form of them agree? */
import type { ParityCheck } from '@shared/domain/backbone'
import { createRandom } from '@shared/random'
import type { Executor } from '../executors/executor'
import type { NetworkGraph } from './graph'
import { interpret } from './reference'

/** Float32 sums in another order differ by a few 1e-6. */
const TOLERANCE = 1e-4

const FORMS = { onnxruntime: 'ONNX', wasm: 'ONNX in wasm', tensorflow: 'TensorFlow' } as const

/**
 * One picture of smooth random waves at full resolution through both; about a second for a mobile network.
 * @param range lowest and highest value that the network is used to.
 * @throws StudioError backbone/corrupt, device/no-executor
 */
export async function checkParity(
  graph: NetworkGraph,
  executor: Executor,
  range: readonly [low: number, high: number] = [-1, 1]
): Promise<ParityCheck> {
  const network = await executor.load(graph)
  try {
    const probe = probePicture(network.inputShape, range)
    const expected = interpret(graph, probe)
    const actual = await network.run(probe, 1)
    let maxDifference = 0
    expected.forEach((value, index) => {
      // NaN compares as false with everything, and must not pass for equal.
      const difference = Math.abs(value - actual[index]!)
      maxDifference = Number.isNaN(difference) ? Infinity : Math.max(maxDifference, difference)
    })
    const between = `layers and ${FORMS[executor.id]}`
    return { between, maxDifference, tolerance: TOLERANCE, passed: maxDifference <= TOLERANCE }
  } finally {
    await network.dispose()
  }
}

/** Waves reach deeper into a network than noise does, which the first layers average away; noise on top moves every pixel. */
export function probePicture(
  [height, width, channels]: readonly number[],
  [low, high]: readonly [number, number]
): Float32Array {
  const random = createRandom(7)
  const waves = Array.from({ length: 8 * channels! }, () => ({
    across: (random.float() - 0.5) * 0.5,
    down: (random.float() - 0.5) * 0.5,
    phase: random.float() * 2 * Math.PI
  }))
  const picture = new Float32Array(height! * width! * channels!)
  for (let index = 0; index < picture.length; index++) {
    const channel = index % channels!
    const x = Math.floor(index / channels!) % width!
    const y = Math.floor(index / (channels! * width!))
    let sum = 0.3 * random.normal()
    for (let wave = channel * 8; wave < channel * 8 + 8; wave++) {
      const { across, down, phase } = waves[wave]!
      sum += Math.sin(across * x + down * y + phase) / 4
    }
    picture[index] = low + (high - low) * Math.min(Math.max((sum + 1) / 2, 0), 1)
  }
  return picture
}
