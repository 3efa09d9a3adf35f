/**
 * `npm run bench [NAME …]`: every benchmark in test/bench, or those whose names match, each against its peer on this machine in
 * this run. Prints one table in Markdown and keeps it in test/results/bench.md.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './lib/root.ts'

interface Benchmark {
  bench?: () => Promise<unknown[]>
  /** True of one that takes so long that a run of all leaves it out. */
  onlyWhenNamed?: boolean
}

export async function main(names: string[]): Promise<void> {
  const folder = join(ROOT, 'test/bench')
  const { markdownTable } = (await import(pathToFileURL(join(folder, 'rows.ts')).href)) as {
    markdownTable: (rows: unknown[]) => string
  }
  const rows: unknown[] = []
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    if (names.length > 0 && !names.some((name) => file.includes(name))) continue
    // Files without a benchmark are what the benchmarks share; loading them all would set up Python for nothing.
    if (!readFileSync(join(folder, file), 'utf8').includes('export async function bench(')) continue
    const { bench, onlyWhenNamed } = (await import(pathToFileURL(join(folder, file)).href)) as Benchmark
    if (onlyWhenNamed && names.length === 0) continue
    console.error(`${file} …`)
    rows.push(...(await bench!()))
  }
  const text = `${cpus()[0]?.model.trim()}, ${cpus().length} threads\n\n${markdownTable(rows)}\n`
  mkdirSync(join(ROOT, 'test/results'), { recursive: true })
  writeFileSync(join(ROOT, 'test/results/bench.md'), text)
  console.log(text)
}
