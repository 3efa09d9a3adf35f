/**
 * One training step against Keras' train step of the same network: MobileNetV2 whole, and its last blocks with the frozen part
 * computed each time or kept; the embedded backbone, last two blocks and all.
 */
import { join } from 'node:path'
import { ownProgram, pythonPeer, takeTurns } from './contenders.ts'
import { median, row, type BenchRow, type Target } from './rows.ts'

const BACKBONES = join(import.meta.dirname, '../../resources/backbones')
const LITE = join(BACKBONES, 'efficientnet-lite0')
const BATCH = '32'
const THREADS = '2'

interface Task {
  what: string
  network: string
  /** First block that learns, as Whetstone names it, and what the peer calls it. */
  from: string
  peerFrom: string
  time: Target
  cachedTime?: Target
  memory: Target
}

const TASKS: readonly Task[] = [
  {
    what: 'MobileNetV2, all blocks',
    network: 'mobilenet-v2-1.00',
    from: 'all',
    peerFrom: 'all',
    time: { timesFaster: 1.3 },
    memory: { ratioAtMost: 1.2 }
  },
  {
    what: 'MobileNetV2 from block 14',
    network: 'mobilenet-v2-1.00',
    from: 'block_14',
    peerFrom: 'block_14',
    time: { timesFaster: 1.8 },
    cachedTime: { timesFaster: 4 },
    memory: { ratioAtMost: 1.2 }
  },
  {
    what: 'EfficientNet-Lite0, all blocks',
    network: 'efficientnet-lite0',
    from: 'all',
    peerFrom: 'all',
    time: { timesFaster: 1.3 },
    memory: { ratioAtMost: 1.2 }
  },
  {
    what: 'EfficientNet-Lite0, last 2 blocks',
    network: 'efficientnet-lite0',
    from: 'b15',
    peerFrom: '2',
    time: { timesFaster: 1.3 },
    memory: { ratioAtMost: 1.2 }
  }
]

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const task of TASKS) rows.push(...(await measure(task)))
  return rows
}

async function measure({ what, network, from, peerFrom, time, cachedTime, memory }: Task): Promise<BenchRow[]> {
  const own = (kept: string) => ownProgram('finetune-step', [BACKBONES, network, from, BATCH, THREADS, kept])
  const keras = await pythonPeer('finetune_step.py', [LITE, network, peerFrom, BATCH, THREADS])
  const contenders = [keras, await own('recomputed'), ...(cachedTime ? [await own('cached')] : [])]
  const answers = await takeTurns(contenders, { warmUp: 3, rounds: from === 'all' ? 9 : 15 })
  const [theirs, ours, cached] = answers.map((each) => median(each.map(({ ms }) => ms!)))
  const [kerasPeak, ownPeak] = await Promise.all(contenders.map(async (each) => (await each.end()).peakBytes / 1e6))
  const work = `fine-tune step, ${what}, 224², batch ${BATCH}, ${THREADS} threads`
  const peer = { name: 'Keras', value: theirs! }
  return [
    row(work, 'ms', ours!, peer, time),
    ...(cachedTime ? [row(`${work}, frozen part kept`, 'ms', cached!, peer, cachedTime)] : []),
    row(`${work}: peak memory`, 'MB', ownPeak!, { name: 'Keras', value: kerasPeak! }, memory)
  ]
}
