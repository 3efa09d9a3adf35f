/** Whether memory stays flat: the same work on 10,000 and on 70,000 pictures, each in a process of its own. */
import { join } from 'node:path'
import { ownProgram } from './contenders.ts'
import { row, type BenchRow } from './rows.ts'

const BACKBONES = join(import.meta.dirname, '../../resources/backbones')
/** `WHETSTONE_BENCH_PICTURES` sets another; the few are a seventh of it. */
const MANY = Number(process.env['WHETSTONE_BENCH_PICTURES'] ?? 70_000)
const FEW = Math.round(MANY / 7)
const MEGABYTE = 2 ** 20

const WORK = {
  inputs: 'two epochs of fine-tuning inputs',
  features: 'features, files to cache',
  head: 'features, and a head trained on them'
} as const

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const [what, text] of Object.entries(WORK)) {
    const few = await peakOf(what, FEW)
    const many = await peakOf(what, MANY)
    rows.push(
      row(
        `peak resident memory, ${text}, ${MANY} pictures`,
        'MB',
        many / MEGABYTE,
        { name: `the same with ${FEW}`, value: few / MEGABYTE },
        { ratioAtMost: 1.15 }
      )
    )
  }
  return rows
}

async function peakOf(what: string, count: number): Promise<number> {
  const program = await ownProgram('memory', [BACKBONES, what, String(count)])
  await program.work()
  return (await program.end()).peakBytes
}
