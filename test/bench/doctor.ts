/**
 * Whether the doctor names the right cause: each cause of a bad run planted alone in an otherwise good one, on two datasets, three
 * seeds, and as many good runs. Only when it is named, since it takes an hour: `npm run bench doctor`.
 *
 * WHETSTONE_BENCH_DATASETS: folders besides the sample, separated as in PATH; without, the sample's classes in two halves are the
 * two datasets. WHETSTONE_BENCH_SEEDS: separated by commas. WHETSTONE_BENCH_FAULTS: a part of the names of those wanted.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { bundle, buildFolder } from '../fixtures/bundle.ts'
import { confusionTable, tally, type Examined } from './doctor-suite/tally.ts'
import { row, type BenchRow } from './rows.ts'

export const onlyWhenNamed = true

const ROOT = join(import.meta.dirname, '../..')
/** Thresholds were set on other seeds than these. */
const SEEDS = '21,22,23'
const NAMED_FIRST = 0.9
const GOOD_IN_PEACE = 0.95

export async function bench(): Promise<BenchRow[]> {
  const work = mkdtempSync(join(tmpdir(), 'bench-doctor-'))
  try {
    const examined = await examine(work)
    const { named, causes, quiet, good, seconds } = tally(examined)
    const table = confusionTable(examined)
    mkdirSync(join(ROOT, 'test/results'), { recursive: true })
    writeFileSync(join(ROOT, 'test/results/doctor.md'), `${table}\n`)
    console.error(table)
    return [
      ...(causes > 0
        ? [row(`doctor: right cause first, of ${causes}`, 'share', named, null, { valueAtLeast: NAMED_FIRST })]
        : []),
      ...(good > 0
        ? [row(`doctor: nothing severe, of ${good} good runs`, 'share', quiet, null, { valueAtLeast: GOOD_IN_PEACE })]
        : []),
      row('doctor: median examination', 's', seconds, null, { valueBelow: 60 })
    ]
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function examine(work: string): Promise<Examined[]> {
  const folder = buildFolder('bench-doctor')
  const threads = ['augment', 'onnx-session'].map((name) => [name, `main/engine/threads/${name}.ts`])
  await bundle({ 'doctor-suite': 'test/bench/programs/doctor-suite.ts', ...Object.fromEntries(threads) }, folder)
  const args = [
    join(folder, 'doctor-suite.cjs'),
    join(ROOT, 'resources/backbones'),
    work,
    process.env['WHETSTONE_BENCH_SEEDS'] ?? SEEDS,
    JSON.stringify(datasets()),
    process.env['WHETSTONE_BENCH_FAULTS'] ?? 'all'
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const examined: Examined[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue
    const one = JSON.parse(line) as Examined
    examined.push(one)
    const first = one.findings[0]
    console.error(
      `${one.dataset} ${one.seed} ${one.fault}: ${first ? `${first.severity} ${first.code}` : 'nothing'} (${one.seconds.toFixed(0)} s)`
    )
  }
  const code = await new Promise<number | null>((resolve) =>
    child.exitCode === null ? child.on('exit', resolve) : resolve(child.exitCode)
  )
  if (code !== 0) throw new Error(`The suite ended with ${code}.`)
  return examined
}

function datasets(): { name: string; root: string; labels: string[] | null }[] {
  const sample = join(ROOT, 'resources/sample')
  const others = process.env['WHETSTONE_BENCH_DATASETS']?.split(delimiter).filter(Boolean) ?? []
  if (others.length > 0) {
    return [sample, ...others].map((root) => ({ name: basename(root), root, labels: null }))
  }
  const labels = readdirSync(sample, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
  return [0, 1].map((half) => ({
    name: half === 0 ? 'sample, even classes' : 'sample, odd classes',
    root: sample,
    labels: labels.filter((_, index) => index % 2 === half)
  }))
}
