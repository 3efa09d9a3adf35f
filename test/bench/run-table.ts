/** The table of 10,000 runs: from a question to a page of 100 rows, in the store. */
import { ownProgram, takeTurns } from './contenders.ts'
import { median, row, type BenchRow } from './rows.ts'

const RUNS = 10_000
const SERIES = 5
const STEPS = 20

const QUESTIONS = {
  filtered: 'filter by two conditions, sort by a score',
  sorted: 'all of them, sorted by what a series came to',
  words: 'filter by words, sort by two keys',
  counted: 'filter and sort, with counts of eight keys',
  grouped: 'group by two keys, mean and spread of a score'
}

export async function bench(): Promise<BenchRow[]> {
  const own = await ownProgram('run-table', [RUNS, SERIES, STEPS].map(String))
  const [answers] = await takeTurns([own], { warmUp: 3, rounds: 15 })
  await own.end()
  return Object.entries(QUESTIONS).map(([name, text]) =>
    row(`table of ${String(RUNS)} runs: ${text}`, 'ms', median(answers!.map((answer) => answer[name]!)), null, {
      valueBelow: 50
    })
  )
}
