/**
 * `npm run fuzz [READER] [COUNT] [FIRST]`: the readers of foreign models on damaged files, 10,000 each unless told otherwise. Prints how
 * many were read and refused, and the number of every case that crashed, hung, failed without a code or left a file behind; `npm run fuzz READER 1 NUMBER` runs it again.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './lib/root.ts'

interface Fuzzer {
  prepareFuzz: () => Promise<string[]>
  fuzz: (
    reader: string,
    count: number,
    first?: number
  ) => Promise<{ outcomes: Record<string, number>; failures: { number: number; why: string }[] }>
}

export async function main(args: string[]): Promise<void> {
  const { prepareFuzz, fuzz } = (await import(pathToFileURL(join(ROOT, 'test/fuzz/run.ts')).href)) as Fuzzer
  const [named, ...numbers] = args.some((arg) => /^[a-z]/.test(arg)) ? args : [undefined, ...args]
  const [count, first] = [Number(numbers[0] ?? 10_000), Number(numbers[1] ?? 1)]
  const readers = await prepareFuzz()
  if (named !== undefined && !readers.includes(named)) {
    throw new Error(`There is no reader '${named}' to fuzz; there are ${readers.join(', ')}.`)
  }
  if (![count, first].every((number) => Number.isInteger(number) && number >= 1))
    throw new Error('usage: npm run fuzz [READER] [COUNT] [FIRST]')
  for (const reader of named === undefined ? readers : [named]) {
    const began = Date.now()
    const { outcomes, failures } = await fuzz(reader, count, first)
    const seconds = (Date.now() - began) / 1000
    console.log(`${reader}: ${count} damaged files, ${failures.length} failures, ${seconds.toFixed(0)} s`)
    for (const [outcome, times] of Object.entries(outcomes).sort(([, a], [, b]) => b - a)) {
      console.log(`  ${outcome}: ${times}`)
    }
    for (const { number, why } of failures) console.log(`  case ${number}: ${why}`)
    if (failures.length > 0) process.exitCode = 1
  }
}
