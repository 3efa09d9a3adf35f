/** A benchmark program's side of the conversation: a line in, work done, a line of JSON out. */
import { createInterface } from 'node:readline'

export async function serveLines(work: () => Promise<Record<string, number>>): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  while (!(await lines.next()).done) {
    process.stdout.write(`${JSON.stringify(await work())}\n`)
  }
  process.stdout.write(`${JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 })}\n`)
}
