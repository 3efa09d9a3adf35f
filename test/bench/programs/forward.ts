/**
 * How many operations a second Whetstone's forward pass of a frozen network makes, pictures in memory to features, a multiplication
 * and an addition counting as two. Arguments: backbones folder, backbone, threads, precision.
 */
import { countMultiplyAdds } from '../../../main/engine/backbones/measures'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { createRandom } from '../../../shared/random'
import { openBackbone } from './open-backbone'
import { serveLines } from './serve-lines'

const PICTURES = 256
const OBSERVED = 32

async function main([backbones, id, threads, precision]: [string, string, string, string]): Promise<void> {
  const { features, info } = await openBackbone(backbones, id)
  const executor = await createOnnxRuntimeExecutor({ threads: Number(threads) })
  const random = createRandom(1)
  const size = info.contract.size ** 2 * 3
  const pictures = Array.from({ length: OBSERVED }, () =>
    Uint8Array.from({ length: size }, () => Math.floor(256 * random.float()))
  )
  const ranges = precision === 'int8' ? await executor.observe!(features!, pictures, info.contract) : undefined
  const network = await executor.load(features!, 'stream', ranges)
  const { inFlight, batchSize } = network.pace!
  const work = 2 * countMultiplyAdds(features!) * PICTURES
  await serveLines(async () => {
    let next = 0
    const feed = async (): Promise<void> => {
      while (next < PICTURES) {
        const batch = Array.from({ length: batchSize }, () => pictures[next++ % OBSERVED]!)
        await network.runPictures!(batch, info.contract)
      }
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: inFlight }, feed))
    return { gflops: work / (performance.now() - start) / 1e6 }
  })
  await network.dispose()
}

void main(process.argv.slice(2) as [string, string, string, string])
