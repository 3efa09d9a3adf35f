/** Ways to get from image files to features, and the comparison of them. */
import { join } from 'node:path'
import { ownProgram, pythonPeer, takeTurns, type Contender } from './contenders.ts'
import { median, row, type BenchRow, type Target } from './rows.ts'

export const BACKBONES = join(import.meta.dirname, '../../resources/backbones')
export const THREADS = '2'
const ROUNDS = { warmUp: 1, rounds: 5 }
const PRECISIONS = ['float32', 'int8'] as const

export interface FeaturePeer {
  name: string
  contender: Contender
  target: Target
}

export async function featurePeer(
  name: string,
  starting: Promise<Contender>,
  ratioAtLeast: number
): Promise<FeaturePeer> {
  return { name, contender: await starting, target: { ratioAtLeast } }
}

/** @param backbone folder of the embedded one, or mobilenet-v2 */
export const kerasFeatures = (backbone: string, folder: string, ratioAtLeast: number): Promise<FeaturePeer> =>
  featurePeer('Keras + tf.data', pythonPeer('features.py', [backbone, folder, THREADS]), ratioAtLeast)

/** Whetstone, in float32 and in int8, and its peers take turns. */
export async function compareFeatures(
  name: string,
  folder: string,
  backbone: string,
  peers: readonly FeaturePeer[]
): Promise<BenchRow[]> {
  const own = await Promise.all(
    PRECISIONS.map((precision) => ownProgram('features', [BACKBONES, backbone, folder, THREADS, precision]))
  )
  const contenders = [...own, ...peers.map(({ contender }) => contender)]
  const answers = await takeTurns(contenders, ROUNDS)
  await Promise.all(contenders.map((contender) => contender.end()))
  const rate = (answers: Record<string, number>[]): number =>
    median(answers.map((answer) => answer['imagesPerSecond']!))
  return PRECISIONS.flatMap((precision, place) =>
    peers.map((peer, index) =>
      row(
        `features of ${name}, files to cache${precision === 'float32' ? '' : `, ${precision}`}`,
        'images/s',
        rate(answers[place]!),
        { name: peer.name, value: rate(answers[own.length + index]!) },
        peer.target
      )
    )
  )
}
