/** One image, from its file to the answer, in a warm worker: what a person waits for in the playground. */
import { join } from 'node:path'
import { ownProgram, pythonPeer, takeTurns } from './contenders.ts'
import { photos } from './pictures.ts'
import { median, row, type BenchRow } from './rows.ts'

const BACKBONES = join(import.meta.dirname, '../../resources/backbones')
const THREADS = '2'

export async function bench(): Promise<BenchRow[]> {
  const folder = await photos({ count: 500, width: 640, height: 480 })
  const own = await ownProgram('single-image', [BACKBONES, folder, THREADS])
  const keras = await pythonPeer('single_image.py', [join(BACKBONES, 'efficientnet-lite0'), folder, THREADS])
  const [ours, theirs] = await takeTurns([own, keras], { warmUp: 1, rounds: 5 })
  await Promise.all([own.end(), keras.end()])
  const time = (answers: Record<string, number>[]): number => median(answers.map((answer) => answer['milliseconds']!))
  return [
    row(
      'one JPEG of 640 × 480, file to answer, median of 100',
      'ms',
      time(ours!),
      { name: 'Keras, Pillow and predict_on_batch', value: time(theirs!) },
      { timesFaster: 2.5 }
    )
  ]
}
