/** One image, from its file to the answer, in a warm worker: what a person waits for in the playground. */
import { join } from 'node:path'
import { ownProgram, pythonPeer, takeTurns } from './contenders.ts'
import { photos } from './pictures.ts'
import { median, row, type BenchRow } from './rows.ts'

const BACKBONES = join(import.meta.dirname, '../../resources/backbones')
const THREADS = '2'

export async function bench(): Promise<BenchRow[]> {
  const folder = await photos({ count: 500, width: 640, height: 480 })
  const own = await ownProgram('single-image', [BACKBONES, folder, THREADS, 'float32'])
  const inBytes = await ownProgram('single-image', [BACKBONES, folder, THREADS, 'int8'])
  const keras = await pythonPeer('single_image.py', [join(BACKBONES, 'efficientnet-lite0'), folder, THREADS])
  const contenders = [own, inBytes, keras]
  const [ours, oursInBytes, theirs] = await takeTurns(contenders, { warmUp: 1, rounds: 5 })
  await Promise.all(contenders.map((contender) => contender.end()))
  const time = (answers: Record<string, number>[]): number => median(answers.map((answer) => answer['milliseconds']!))
  const work = 'one JPEG of 640 × 480, file to answer, median of 100'
  const peer = { name: 'Keras, Pillow and predict_on_batch', value: time(theirs!) }
  return [
    row(work, 'ms', time(ours!), peer, { timesFaster: 2.5 }),
    row(`${work}, int8`, 'ms', time(oursInBytes!), peer, { timesFaster: 2.5 })
  ]
}
