/** A sweep over 45 penalties: logistic regressions on 1,000 images' features, the best chosen on validation. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../shared/random.ts'
import { ownProgram, pythonPeer, takeTurns } from './contenders.ts'
import { median, row, type BenchRow } from './rows.ts'

const SIZES = { images: 1000, features: 1280, classes: 10 }

export async function bench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'whetstone-sweep-'))
  try {
    await writeFeatures(folder)
    const args = [...Object.values(SIZES).map(String), folder]
    const own = await ownProgram('head-sweep', args)
    const peer = await pythonPeer('head_sweep.py', args)
    const [ours, theirs] = await takeTurns([own, peer], { warmUp: 1, rounds: 3 })
    await Promise.all([own.end(), peer.end()])
    const of = (answers: Record<string, number>[], key: string): number => median(answers.map((answer) => answer[key]!))
    const { images, features } = SIZES
    const sweep = `45 penalties on ${images} × ${features} features`
    const lost = of(theirs!, 'accuracy') - of(ours!, 'accuracy')
    return [
      row(
        sweep,
        's',
        of(ours!, 'seconds'),
        { name: 'scikit-learn', value: of(theirs!, 'seconds') },
        { ratioAtMost: 1 }
      ),
      row(`${sweep}: accuracy lost against scikit-learn`, 'points', lost * 100, null, { valueBelow: 0.5 })
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Clusters that overlap, as pooled features are: none below zero, half of them zero; the same for both. */
async function writeFeatures(folder: string): Promise<void> {
  const { images, features, classes } = SIZES
  const random = createRandom(1)
  const centres = Float32Array.from({ length: classes * features }, () => 0.12 * random.normal())
  const rows = images + Math.round(images / 5)
  const labels = Int32Array.from({ length: rows }, (_, index) => index % classes)
  const values = Float32Array.from({ length: rows * features }, (_, place) => {
    const centre = centres[labels[Math.floor(place / features)]! * features + (place % features)]!
    return Math.max(0, centre + random.normal())
  })
  await writeFile(join(folder, 'features.f32'), new Uint8Array(values.buffer))
  await writeFile(join(folder, 'labels.i32'), new Uint8Array(labels.buffer))
}
