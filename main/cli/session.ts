/** One command: opens the studio, runs, shows progress, ends cleanly on Ctrl-C, and turns every end into an exit code. */
import { StudioError, toErrorData } from '@shared/errors'
import type { Studio } from '../studio'
import { Output, type Streams } from './output'
import { showProgress } from './progress'

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface GlobalOptions {
  json?: boolean
  home?: string
}

export interface CommandContext {
  studio: Studio
  output: Output
  /** Called at the first Ctrl-C instead of nothing; the second one ends the program. Set anew by each step. */
  onInterrupt(stop: () => void): void
}

export interface SessionOptions {
  streams: Streams
  /** @param home as given on the command line @throws StudioError store/* */
  openStudio(home: string | undefined): Promise<Studio>
  /** Door 2; resolves when it is open. */
  serve(home: string | undefined, port: number): Promise<void>
}

export async function runCommand(
  { openStudio, streams }: SessionOptions,
  { json, home }: GlobalOptions,
  command: (context: CommandContext) => Promise<ExitCode>
): Promise<ExitCode> {
  const output = new Output(json ?? false, streams)
  let studio: Studio | null = null
  let stop: (() => void) | null = null
  let interrupted = false
  const interrupt = (): void => {
    if (interrupted) process.exit(EXIT.failed)
    interrupted = true
    output.note('Stopping … (Ctrl-C again to give up at once)')
    if (stop) stop()
    else void (studio?.close() ?? Promise.resolve()).finally(() => process.exit(EXIT.failed))
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  let hideProgress = (): void => undefined
  try {
    studio = await openStudio(home)
    hideProgress = showProgress(studio.jobs, streams.stderr)
    return await command({ studio, output, onInterrupt: (action) => (stop = action) })
  } catch (error) {
    hideProgress()
    return reportFailure(output, error, studio)
  } finally {
    hideProgress()
    await studio?.close()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

/** The sentence and what to do about it; of a defect only the log's id, for its text is of use to nobody here. */
function reportFailure(output: Output, error: unknown, studio: Studio | null): ExitCode {
  if (error instanceof StudioError) {
    output.failure(error.toData())
    return /^(usage|config)\//.test(error.code) ? EXIT.usage : EXIT.failed
  }
  const data = toErrorData(error)
  const logId = studio?.log.error('command failed', error)
  output.failure({ ...data, details: logId ? { logId } : data.details })
  return EXIT.failed
}
