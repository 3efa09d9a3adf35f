/** What the command line writes where: results on standard output, everything else on standard error. */
import type { ErrorData } from '@shared/errors'

export interface Streams {
  stdout: { write(text: string): unknown }
  stderr: { write(text: string): unknown; isTTY?: boolean; columns?: number }
}

export class Output {
  /** @param json one JSON document on standard output instead of text */
  constructor(
    readonly json: boolean,
    readonly streams: Streams
  ) {}

  /** The command's result: `document` for machines, `text` for people. */
  result(document: unknown, text: string): void {
    const shown = this.json ? JSON.stringify(document, null, 2) : text.replace(/\n+$/, '')
    this.streams.stdout.write(`${shown}\n`)
  }

  /** A remark for people. */
  note(text: string): void {
    this.streams.stderr.write(`${text}\n`)
  }

  failure({ code, message, hint, details }: ErrorData): void {
    if (this.json)
      this.streams.stdout.write(`${JSON.stringify({ error: { code, message, hint, details } }, null, 2)}\n`)
    this.streams.stderr.write(`${message}\n${hint}\n`)
  }
}
