/**
 * Explain the gap, put to the test: one fault planted in an otherwise recommended run, together with harmless differences that are
 * there to mislead. How much of the gap the fault is credited with, on three seeds. At the end the naive recipe against the recommended one, of which
 * what the bars add up to, and the time. Only when it is named: `npm run bench explain`. WHETSTONE_BENCH_DATASETS: folders besides
 * the sample, separated as in PATH; WHETSTONE_BENCH_FAULTS: which ones, separated by commas.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { ensureBuilt } from '../../scripts/lib/build.ts'
import type { BenchRow } from './rows.ts'

/** Not part of a run of all benchmarks. */
export const onlyWhenNamed = true

const ROOT = join(import.meta.dirname, '../..')
const OWN = {
  size: 224,
  colorOrder: 'RGB',
  mean: [127, 127, 127],
  std: [128, 128, 128],
  filter: 'bicubic',
  crop: 'center-crop',
  cropFraction: 1
}
const contract = (change: object): string => `contract=${JSON.stringify({ ...OWN, ...change })}`

interface Fault {
  /** Of the factor that is to be credited. */
  factor: string
  name: string
  settings: string[]
}

const FAULTS: Fault[] = [
  { factor: 'range', name: 'values left at 0 to 255', settings: [contract({ mean: [0, 0, 0], std: [1, 1, 1] })] },
  { factor: 'resize', name: 'nearest pixel', settings: [contract({ filter: 'nearest' })] },
  { factor: 'crop', name: 'a third of the picture', settings: [contract({ cropFraction: 0.34 })] },
  { factor: 'size', name: 'pictures of 64 pixels', settings: [contract({ size: 64 })] },
  { factor: 'optimizer', name: 'a rate of 3', settings: ['head.learningRate=3'] },
  { factor: 'optimizer', name: 'a rate of 0.00001', settings: ['head.learningRate=0.00001'] },
  {
    factor: 'regularisation',
    name: 'far too much decay',
    settings: ['head.weightDecay=10', 'head.dropout=0.9', 'head.labelSmoothing=0.9']
  },
  { factor: 'course', name: 'two epochs', settings: ['head.epochs=2'] }
]

/** Differences that do next to nothing, each another factor. */
const DECOYS = ['head.warmup=0.06', 'head.batchSize=60', 'earlyStopping.patience=12']

/** Share of the gap that a planted fault has to be credited with. */
const CREDIT = 0.8
const MOST_SECONDS = 300

interface Explained {
  gap: { accuracy: number; interval: { accuracy: { low: number; high: number } } }
  factors: { factor: string; accuracy: { value: number } | null }[]
  interaction: { accuracy: { value: number } | null }
  spentSeconds: number
  experiments: unknown[]
}

export async function bench(): Promise<BenchRow[]> {
  if (!process.env['WHETSTONE_OUT']) await ensureBuilt()
  const more = process.env['WHETSTONE_BENCH_DATASETS']?.split(delimiter).filter(Boolean) ?? []
  const rows: BenchRow[] = []
  for (const folder of [join(ROOT, 'resources/sample'), ...more]) rows.push(...(await ofDataset(folder)))
  return rows
}

async function ofDataset(folder: string): Promise<BenchRow[]> {
  const home = mkdtempSync(join(tmpdir(), 'bench-explain-'))
  const wanted = process.env['WHETSTONE_BENCH_FAULTS']?.split(',')
  const fit = (name: string, args: string[]) => command(['fit', folder, '--home', home, '--name', name, ...args])
  const rows: BenchRow[] = []
  await fit('good', [])
  for (const [index, { factor, name, settings }] of FAULTS.entries()) {
    if (wanted && !wanted.includes(factor)) continue
    const run = `${factor}-${index}`
    await fit(
      run,
      [...settings, ...DECOYS].flatMap((setting) => ['--set', setting])
    )
    const found = await explained(home, run, 'good')
    const credit = (found.factors.find((each) => each.factor === factor)?.accuracy?.value ?? 0) / found.gap.accuracy
    console.error(`${basename(folder)}: ${name}: ${shares(found)}`)
    const points = (100 * found.gap.accuracy).toFixed(1)
    rows.push(
      judged(`${basename(folder)}: ${name}, a gap of ${points} points`, credit, credit >= CREDIT, `≥ ${CREDIT}`)
    )
  }
  if (!wanted || wanted.includes('naive')) rows.push(...(await naive(folder, home, fit)))
  rmSync(home, { recursive: true })
  return rows
}

async function naive(folder: string, home: string, fit: (name: string, args: string[]) => Promise<unknown>) {
  await fit('naive', ['--preset', 'naive'])
  const found = await explained(home, 'naive', 'good')
  const sum = [...found.factors, { accuracy: found.interaction.accuracy }]
    .map(({ accuracy }) => accuracy?.value ?? NaN)
    .reduce((total, value) => total + value, 0)
  const { low, high } = found.gap.interval.accuracy
  console.error(`${basename(folder)}: naive: ${shares(found)}`)
  const gap = `${(100 * found.gap.accuracy).toFixed(1)} points (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`
  const held = sum >= low && sum <= high
  const { spentSeconds, experiments } = found
  return [
    judged(
      `${basename(folder)}: naive against recommended, a gap of ${gap}: sum of the bars`,
      100 * sum,
      held,
      'in the interval'
    ),
    judged(
      `${basename(folder)}: ${experiments.length} experiments on ${found.factors.length} factors, seconds`,
      spentSeconds,
      spentSeconds <= MOST_SECONDS,
      `≤ ${MOST_SECONDS}`
    )
  ]
}

const explained = (home: string, a: string, b: string): Promise<Explained> =>
  command(['explain', a, b, '--home', home, '--budget', '30m', '--seeds', '3']) as Promise<Explained>

const shares = ({ gap, factors, interaction }: Explained): string =>
  [...factors, { factor: 'interaction', accuracy: interaction.accuracy }]
    .map(({ factor, accuracy }) => `${factor} ${(100 * (accuracy?.value ?? NaN)).toFixed(1)}`)
    .join(', ') + ` of ${(100 * gap.accuracy).toFixed(1)} points`

function judged(work: string, value: number, met: boolean, target: string): BenchRow {
  return { work, whetstone: value, peer: null, peerName: null, ratio: null, target, met, unit: '' }
}

/** @returns the document on standard output */
function command(args: string[]): Promise<unknown> {
  const cli = join(process.env['WHETSTONE_OUT'] ?? join(ROOT, 'out'), 'main/cli.cjs')
  const env = { ...process.env, WHETSTONE_RESOURCES: join(ROOT, 'resources') }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)))
    child.on('error', reject)
    child.on('exit', (code) =>
      code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`${args.join(' ')} ended with ${code}:\n${errors}`))
    )
  })
}
