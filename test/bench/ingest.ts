/** Metrics that come in while a screen watches eight live runs: how many are stored, and how long the main process is held up. */
import { ownProgram, takeTurns } from './contenders.ts'
import { median, row, type BenchRow } from './rows.ts'

/** More than is asked for, so that what is stored shows whether it is kept up with. */
const POINTS_A_SECOND = 22_000
const SECONDS = 8

export async function bench(): Promise<BenchRow[]> {
  const own = await ownProgram('ingest', [String(POINTS_A_SECOND), String(SECONDS)], {
    'store-thread': 'main/store/thread.ts',
    'telling-thread': 'test/bench/programs/telling-thread.ts'
  })
  const [answers] = await takeTurns([own], { warmUp: 1, rounds: 3 })
  await own.end()
  const middle = (name: string): number => median(answers!.map((answer) => answer[name]!))
  const idle = { name: 'the process idle', value: middle('idleP99Ms') }
  return [
    row('points stored while 8 live runs are watched', 'points/s', middle('pointsPerSecond'), null, {
      valueAtLeast: 20_000
    }),
    row('event-loop delay of the main process meanwhile, p99', 'ms', middle('delayP99Ms'), idle, { valueBelow: 20 })
  ]
}
