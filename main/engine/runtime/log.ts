/** The log of one preparation: a text file that a person can read when it went wrong. */
import { appendFileSync, writeFileSync } from 'node:fs'

const TAIL_LINES = 40

export class Log {
  private readonly lines: string[] = []

  /** Starts the file anew. */
  constructor(readonly file: string) {
    writeFileSync(file, '')
  }

  write(line: string): void {
    const stamped = `${new Date().toISOString()} ${line}`
    this.lines.push(stamped)
    if (this.lines.length > TAIL_LINES) this.lines.shift()
    try {
      appendFileSync(this.file, `${stamped}\n`)
    } catch {
      // A full disk must not hide the error that is about to be told.
    }
  }

  /** The last 40 lines. */
  tail(): string {
    return this.lines.join('\n')
  }
}
