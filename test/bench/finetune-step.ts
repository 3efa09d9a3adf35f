/** One training step of the embedded backbone, last two blocks and all, against Keras' train step of the same model. */
import { join } from 'node:path'
import { ownProgram, pythonPeer, takeTurns } from './contenders.ts'
import { median, row, type BenchRow } from './rows.ts'

const BACKBONES = join(import.meta.dirname, '../../resources/backbones')
const BATCH = 32
const THREADS = 2

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const unfreeze of ['2', 'all']) {
    const settings = [unfreeze, String(BATCH), String(THREADS)]
    const own = await ownProgram('finetune-step', [BACKBONES, ...settings])
    const keras = await pythonPeer('finetune_step.py', [join(BACKBONES, 'efficientnet-lite0'), ...settings])
    const [ours, theirs] = await takeTurns([own, keras], { warmUp: 3, rounds: unfreeze === 'all' ? 9 : 15 })
    const [ownPeak, kerasPeak] = [(await own.end()).peakBytes, (await keras.end()).peakBytes]
    const what = `fine-tune step, ${unfreeze === 'all' ? 'all blocks' : `last ${unfreeze} blocks`}`
    const time = (answers: Record<string, number>[]): number => median(answers.map(({ ms }) => ms!))
    const megabytes = (bytes: number): number => bytes / 1e6
    rows.push(
      row(
        `${what}, 224², batch ${BATCH}, ${THREADS} threads`,
        'ms',
        time(ours!),
        { name: 'Keras', value: time(theirs!) },
        { ratioAtMost: 1 }
      ),
      row(
        `${what}: peak memory`,
        'MB',
        megabytes(ownPeak),
        { name: 'Keras', value: megabytes(kerasPeak) },
        { ratioAtMost: 2 }
      )
    )
  }
  return rows
}
