/**
 * How good the presets are: test accuracy, mean and standard deviation over seeds of split and training, beside the recipe of
 * Keras' tutorial on the same split. Only when it is named, since it takes hours: `npm run bench presets`.
 * WHETSTONE_BENCH_DATASETS: folders besides the sample, separated as in PATH; WHETSTONE_BENCH_PRESETS: which ones, separated by
 * commas.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import Database from 'better-sqlite3'
import { ensureBuilt } from '../../scripts/lib/build.ts'
import { pythonEnvironment, wholeCommand } from './contenders.ts'
import type { BenchRow } from './rows.ts'

/** Not part of a run of all benchmarks. */
export const onlyWhenNamed = true

const ROOT = join(import.meta.dirname, '../..')
const SEEDS = [1, 2, 3]
const THREADS = '2'

interface Recipe {
  name: string
  args: string[]
}

/**
 * BiT's batches of 512 take an hour and a half a run on two cores: here they are of 32, the rate scaled with them as its authors
 * say.
 */
const RECIPES: Recipe[] = [
  { name: 'default, head', args: ['--preset', 'default', '--mode', 'head'] },
  { name: 'default, fine-tuned', args: ['--preset', 'default', '--mode', 'finetune'] },
  { name: 'fast-head', args: ['--preset', 'fast-head'] },
  { name: 'fastai', args: ['--preset', 'fastai'] },
  {
    name: 'bit, batches of 32',
    args: ['--preset', 'bit', '--set', 'fineTune.batchSize=32', '--set', 'fineTune.accumulate=1'].concat([
      '--set',
      `fineTune.learningRate=${(0.003 * 32) / 512}`
    ])
  },
  { name: 'keras-tutorial', args: ['--preset', 'keras-tutorial'] },
  { name: 'naive', args: ['--preset', 'naive', '--mode', 'head'] }
]

interface Scores {
  name: string
  mean: number
  deviation: number
}

export async function bench(): Promise<BenchRow[]> {
  await ensureBuilt()
  const more = process.env['WHETSTONE_BENCH_DATASETS']?.split(delimiter).filter(Boolean) ?? []
  const rows: BenchRow[] = []
  for (const folder of [join(ROOT, 'resources/sample'), ...more]) rows.push(...(await ofDataset(folder)))
  return rows
}

async function ofDataset(folder: string): Promise<BenchRow[]> {
  const home = mkdtempSync(join(tmpdir(), 'bench-presets-'))
  const wanted = process.env['WHETSTONE_BENCH_PRESETS']?.split(',')
  const recipes = RECIPES.filter(({ name, args }) => !wanted || wanted.includes(name) || wanted.includes(args[1]!))
  const fit = (args: string[], seed: number) =>
    wholeCommand(process.execPath, () => [
      ...[join(ROOT, 'out/main/cli.cjs'), 'fit', folder, '--home', home, '--json'],
      ...['--seed', String(seed), '--split-seed', String(seed)],
      ...args
    ])
  const all: Scores[] = []
  for (const { name, args } of recipes) {
    const values: number[] = []
    for (const seed of SEEDS) values.push((await fit(args, seed).work())['accuracy']!)
    all.push(scores(name, values))
    console.error(`${basename(folder)}: ${name} ${values.map((value) => value.toFixed(3)).join(' ')}`)
  }
  if (!wanted || wanted.includes('keras')) all.push(await kerasTutorial(folder, home))
  rmSync(home, { recursive: true })
  return table(basename(folder), all)
}

/** On the splits that Whetstone drew with the same seeds. */
async function kerasTutorial(folder: string, home: string): Promise<Scores> {
  const python = await pythonEnvironment('keras')
  const values: number[] = []
  for (const seed of SEEDS) {
    const fitting = wholeCommand(process.execPath, () => [
      ...[join(ROOT, 'out/main/cli.cjs'), 'fit', folder, '--home', home, '--json'],
      ...['--split-seed', String(seed), '--preset', 'fast-head']
    ])
    await fitting.work()
    const split = join(home, `split-${seed}.json`)
    writeFileSync(split, JSON.stringify(currentSplit(home, folder)))
    const script = join(import.meta.dirname, 'peers/keras_tutorial.py')
    const backbone = join(ROOT, 'resources/backbones/efficientnet-lite0')
    const peer = wholeCommand(python, () => [script, backbone, split, String(seed), THREADS])
    values.push((await peer.work())['accuracy']!)
  }
  console.error(`${basename(folder)}: Keras ${values.map((value) => value.toFixed(3)).join(' ')}`)
  return scores("Keras, the tutorial's recipe", values)
}

function currentSplit(home: string, folder: string): Record<string, [string, string][]> {
  const database = new Database(join(home, 'whetstone.db'), { readonly: true })
  const images = database.prepare('select path, label, split from images where present = 1').all() as {
    path: string
    label: string
    split: string
  }[]
  database.close()
  const parts: Record<string, [string, string][]> = { train: [], validation: [], test: [] }
  for (const { path, label, split } of images) parts[split]!.push([join(folder, path), label])
  return parts
}

function scores(name: string, values: number[]): Scores {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { name, mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) }
}

/** The default must not be beaten by more than its standard deviation. */
function table(dataset: string, all: Scores[]): BenchRow[] {
  const best = all.reduce((a, b) => (b.mean > a.mean ? b : a))
  return all.map(({ name, mean, deviation }) => {
    const judged = name.startsWith('default, fine')
    return {
      work: `${dataset}: ${name} (s.d. ${deviation.toFixed(3)})`,
      whetstone: mean,
      peer: judged ? best.mean : null,
      peerName: judged ? `best: ${best.name}` : null,
      ratio: judged ? mean / best.mean : null,
      target: judged ? 'not beaten by more than one s.d.' : '–',
      met: !judged || mean >= best.mean - deviation,
      unit: ''
    }
  })
}
