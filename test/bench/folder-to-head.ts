/** The whole command: from a folder of 1,000 pictures to a trained and tested head, the first time and again. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt } from '../../scripts/lib/build.ts'
import { pythonEnvironment, takeTurns, wholeCommand } from './contenders.ts'
import { photos } from './pictures.ts'
import { median, row, type BenchRow } from './rows.ts'

const ROOT = join(import.meta.dirname, '../..')
const THREADS = '2'
const SIZES = { count: 1000, width: 320, height: 240, classes: 5 }

export async function bench(): Promise<BenchRow[]> {
  await ensureBuilt()
  const folder = await photos(SIZES)
  const python = await pythonEnvironment('keras')
  const homes: string[] = []
  const fit = (home: () => string) =>
    wholeCommand(process.execPath, () => [join(ROOT, 'out/main/cli.cjs'), 'fit', folder, '--home', home(), '--json'])
  const newHome = (): string => {
    homes.push(mkdtempSync(join(tmpdir(), 'bench-home-')))
    return homes.at(-1)!
  }
  const script = join(import.meta.dirname, 'peers/folder_to_head.py')
  const backbone = join(ROOT, 'resources/backbones/efficientnet-lite0')
  const keras = wholeCommand(python, () => [script, backbone, folder, THREADS])
  // The warm one comes after the cold one, in the home that it has filled.
  const contenders = [fit(newHome), fit(() => homes.at(-1)!), keras]
  const [cold, warm, theirs] = await takeTurns(contenders, { warmUp: 1, rounds: 5 })
  for (const home of homes) rmSync(home, { recursive: true, force: true })
  const seconds = (answers: Record<string, number>[]): number => median(answers.map((answer) => answer['seconds']!))
  const peer = { name: 'a Keras script', value: seconds(theirs!) }
  const { count, width, height, classes } = SIZES
  const work = `folder to trained head, ${count} JPEGs of ${width} × ${height}, ${classes} classes`
  return [
    row(`${work}, cold`, 's', seconds(cold!), peer, { timesFaster: 1.5 }),
    row(`${work}, again`, 's', seconds(warm!), peer, { timesFaster: 20 })
  ]
}
