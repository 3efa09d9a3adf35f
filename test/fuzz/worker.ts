/**
 * Process that runs cases: `fuzz-worker.cjs READER BOX`. It says before and after each case which it is, so that the one who
 * started it knows what hung or crashed.
 */
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { runCase, type Box, type CaseResult } from './case'
import type { FuzzTarget } from './target'

export interface FuzzRequest {
  from: number
  to: number
}

export type FuzzReport =
  | { kind: 'ready' }
  | { kind: 'begun'; number: number }
  | ({ kind: 'done'; number: number } & CaseResult)
  | { kind: 'finished' }

const [name, root] = process.argv.slice(2) as [string, string]
const { target } = createRequire(import.meta.url)(`./readers/${name}.cjs`) as { target: FuzzTarget }

const tell = (report: FuzzReport): void => void process.send!(report)

/** root/outer/inner/scratch: three steps up are watched. */
function makeBox(): Box {
  const inner = join(root, 'outer', 'inner')
  const [scratch, cwd, temporary] = ['scratch', 'cwd', 'tmp'].map((folder) => join(inner, folder)) as [
    string,
    string,
    string
  ]
  for (const folder of [scratch, cwd, temporary]) mkdirSync(folder, { recursive: true })
  process.chdir(cwd)
  process.env['TMPDIR'] = temporary
  return {
    scratch,
    around: new Map([
      [root, ['outer']],
      [join(root, 'outer'), [basename(inner)]],
      [inner, ['scratch', 'cwd', 'tmp']],
      [cwd, []],
      [temporary, []]
    ])
  }
}

const box = makeBox()
void target.seeds().then((seeds) => {
  process.on('message', ({ from, to }: FuzzRequest) => void runAll(from, to))
  tell({ kind: 'ready' })

  async function runAll(from: number, to: number): Promise<void> {
    for (let number = from; number < to; number++) {
      tell({ kind: 'begun', number })
      tell({ kind: 'done', number, ...(await runCase(target, seeds, number, box)) })
    }
    tell({ kind: 'finished' })
  }
})
