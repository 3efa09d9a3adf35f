/**
 * One training step against Keras' train step of the same network: MobileNetV2 whole, and its last blocks with the frozen part
 * computed each time or kept; the embedded backbone, last two blocks and all. MobileNetV2 whole against PyTorch's as well. Where
 * the processor multiplies bfloat16, each of MobileNetV2's is measured in float32 and in bfloat16; what is frozen, in int8 as well.
 */
import { join } from 'node:path'
import { multipliesBfloat16 } from '../../main/engine/executors/tensorflow-kernels/processor.ts'
import { ownProgram, pythonPeer, takeTurns } from './contenders.ts'
import { median, row, type BenchRow, type Target } from './rows.ts'

const BACKBONES = join(import.meta.dirname, '../../resources/backbones')
const LITE = join(BACKBONES, 'efficientnet-lite0')
const BATCH = '32'
const THREADS = '2'
const PRECISIONS = multipliesBfloat16() ? ['float32', 'bfloat16'] : ['float32']

interface Task {
  what: string
  network: string
  /** First block that learns, as Whetstone names it, and what the peer calls it. */
  from: string
  peerFrom: string
  time: Target
  cachedTime?: Target
  /** By PyTorch's time. */
  torchTime?: Target
  precisions: readonly string[]
  memory: Target
}

const TASKS: readonly Task[] = [
  {
    what: 'MobileNetV2, all blocks',
    network: 'mobilenet-v2-1.00',
    from: 'all',
    peerFrom: 'all',
    time: { timesFaster: 1.3 },
    torchTime: { ratioAtMost: 1 },
    precisions: PRECISIONS,
    memory: { ratioAtMost: 1.2 }
  },
  {
    what: 'MobileNetV2 from block 14',
    network: 'mobilenet-v2-1.00',
    from: 'block_14',
    peerFrom: 'block_14',
    time: { timesFaster: 1.8 },
    cachedTime: { timesFaster: 4 },
    precisions: PRECISIONS,
    memory: { ratioAtMost: 1.2 }
  },
  {
    what: 'EfficientNet-Lite0, all blocks',
    network: 'efficientnet-lite0',
    from: 'all',
    peerFrom: 'all',
    time: { timesFaster: 1.3 },
    precisions: ['float32'],
    memory: { ratioAtMost: 1.2 }
  },
  {
    what: 'EfficientNet-Lite0, last 2 blocks',
    network: 'efficientnet-lite0',
    from: 'b15',
    peerFrom: '2',
    time: { timesFaster: 1.3 },
    precisions: ['float32'],
    memory: { ratioAtMost: 1.2 }
  }
]

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const task of TASKS) rows.push(...(await measure(task)))
  return rows
}

async function measure(task: Task): Promise<BenchRow[]> {
  const { what, network, from, peerFrom, time, cachedTime, torchTime, precisions, memory } = task
  const keras = await pythonPeer('finetune_step.py', [LITE, network, peerFrom, BATCH, THREADS])
  const torch = torchTime ? await pythonPeer('finetune_step_torch.py', [BATCH, THREADS], 'torch') : null
  const variants = precisions.flatMap((precision) =>
    (cachedTime ? ['recomputed', 'cached'] : ['recomputed']).map((kept) => ({ precision, kept, frozen: 'float32' }))
  )
  // What is kept takes the same time whatever it was computed in.
  if (cachedTime) {
    variants.push(...precisions.map((precision) => ({ precision, kept: 'recomputed', frozen: 'int8' })))
  }
  const contenders = [keras, ...(torch ? [torch] : [])]
  for (const { precision, kept, frozen } of variants) {
    const settings = [BACKBONES, network, from, BATCH, THREADS, kept, precision, frozen]
    contenders.push(await ownProgram('finetune-step', settings))
  }
  const answers = await takeTurns(contenders, { warmUp: 3, rounds: from === 'all' ? 9 : 15 })
  const times = answers.map((each) => median(each.map(({ ms }) => ms!)))
  const peaks = await Promise.all(contenders.map(async (each) => (await each.end()).peakBytes / 1e6))
  const peer = { name: 'Keras', value: times[0]! }
  return variants.flatMap(({ precision, kept, frozen }, index) => {
    const place = contenders.length - variants.length + index
    const isCached = kept === 'cached'
    const work =
      `fine-tune step, ${what}, 224², batch ${BATCH}, ${THREADS} threads` +
      `${precision === 'float32' ? '' : `, ${precision}`}${frozen === 'float32' ? '' : `, frozen part in ${frozen}`}` +
      (isCached ? ', frozen part kept' : '')
    const rows = [row(work, 'ms', times[place]!, peer, isCached ? cachedTime! : time)]
    if (torch) rows.push(row(work, 'ms', times[place]!, { name: 'PyTorch', value: times[1]! }, torchTime!))
    if (!isCached) {
      rows.push(row(`${work}: peak memory`, 'MB', peaks[place]!, { name: 'Keras', value: peaks[0]! }, memory))
    }
    return rows
  })
}
