/** The studio's log: one line an event in home/logs/studio.log, the older half kept in studio.1.log. */
import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

const MAX_BYTES = 2_000_000

export class Log {
  private readonly file: string

  /** @param directory made when it is missing */
  constructor(private readonly directory: string) {
    this.file = join(directory, 'studio.log')
    mkdirSync(directory, { recursive: true })
  }

  info(message: string, details: Record<string, unknown> = {}): void {
    this.write('info', message, details)
  }

  /** @returns the id under which the error is found in the log */
  error(message: string, error: unknown, details: Record<string, unknown> = {}): string {
    const logId = randomBytes(4).toString('hex')
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.write('error', message, { logId, ...details, error: text })
    return logId
  }

  /** A log that cannot be written (a full disk) must not take down what it tells about. */
  private write(level: string, message: string, details: Record<string, unknown>): void {
    try {
      this.rotate()
      const line = JSON.stringify({ at: new Date().toISOString(), pid: process.pid, level, message, ...details })
      appendFileSync(this.file, `${line}\n`, { mode: 0o600 })
    } catch {
      // Nothing to tell it to.
    }
  }

  private rotate(): void {
    const size = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0
    if (size > MAX_BYTES) renameSync(this.file, join(this.directory, 'studio.1.log'))
  }
}
