/**
 * How near the forward pass of what is frozen comes to what the machine can do, of which a large matrix product in float32 is the
 * measure.
 */
import { ownProgram, takeTurns } from './contenders.ts'
import { BACKBONES, THREADS } from './feature-peers.ts'
import { median, row, type BenchRow } from './rows.ts'

const NETWORKS = ['efficientnet-lite0', 'mobilenet-v2']
const PRECISIONS = ['float32', 'int8']
/** Of the product's operations a second: a guard, set below what was measured when it was written (.68 and .69 in float32). */
const SHARE = 0.6

export async function bench(): Promise<BenchRow[]> {
  const variants = NETWORKS.flatMap((network) => PRECISIONS.map((precision) => ({ network, precision })))
  const product = await ownProgram('matrix-product', [THREADS])
  const contenders = [product]
  for (const { network, precision } of variants) {
    contenders.push(await ownProgram('forward', [BACKBONES, network, THREADS, precision]))
  }
  const answers = await takeTurns(contenders, { warmUp: 1, rounds: 7 })
  await Promise.all(contenders.map((contender) => contender.end()))
  const [roof, ...speeds] = answers.map((each) => median(each.map(({ gflops }) => gflops!)))
  const peer = { name: 'a product of 2048 × 2048 matrices in float32', value: roof! }
  return variants.map(({ network, precision }, index) =>
    row(`forward pass, ${network}, ${precision}`, 'GFLOP/s', speeds[index]!, peer, { ratioAtLeast: SHARE })
  )
}
