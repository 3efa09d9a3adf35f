/** A head on cached features: 1,000 images, 100 epochs. */
import { ownProgram, pythonPeer, takeTurns } from './contenders.ts'
import { median, row, type BenchRow } from './rows.ts'

const SIZES = { images: 1000, features: 1280, classes: 18, epochs: 100 }

export async function bench(): Promise<BenchRow[]> {
  const args = Object.values(SIZES).map(String)
  const own = await ownProgram('head', args)
  const keras = await pythonPeer('head.py', args)
  const [ours, theirs] = await takeTurns([own, keras], { warmUp: 1, rounds: 3 })
  await Promise.all([own.end(), keras.end()])
  const seconds = (answers: Record<string, number>[]): number => median(answers.map((answer) => answer['seconds']!))
  const { images, features, epochs } = SIZES
  return [
    row(
      `head on ${images} × ${features} cached features, ${epochs} epochs`,
      's',
      seconds(ours!),
      { name: 'Keras fit', value: seconds(theirs!) },
      { valueBelow: 3 }
    )
  ]
}
