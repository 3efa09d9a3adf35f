/** One command: opens the studio, runs, shows progress, ends cleanly on Ctrl-C, and turns every end into an exit code. */
import { StudioError, toErrorData } from '@shared/errors'
import type { Studio } from '../studio'
import { Output, type Streams } from './output'
import { showProgress } from './progress'

/** `paused`: nothing went wrong, and nothing has ended; the run waits to be resumed. */
export const EXIT = { ok: 0, failed: 1, usage: 2, paused: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface GlobalOptions {
  json?: boolean
  home?: string
}

/** What a Ctrl-C does, and what is said about it. */
export interface Interrupt {
  note: string
  act: () => void
}

export interface CommandContext {
  studio: Studio
  output: Output
  /** What each Ctrl-C does, in turn; one more than there are ends the program. Set anew by each step. */
  onInterrupt(...interrupts: (Interrupt | (() => void))[]): void
}

export interface SessionOptions {
  streams: Streams
  /** @param home as given on the command line @throws StudioError store/* */
  openStudio(home: string | undefined): Promise<Studio>
  /** Door 2; resolves when it is open. */
  serve(home: string | undefined, port: number): Promise<void>
}

const STOPPING = 'Stopping … (Ctrl-C again to give up at once)'

export async function runCommand(
  { openStudio, streams }: SessionOptions,
  { json, home }: GlobalOptions,
  command: (context: CommandContext) => Promise<ExitCode>
): Promise<ExitCode> {
  const output = new Output(json ?? false, streams)
  let studio: Studio | null = null
  const leave = (): void => void (studio?.close() ?? Promise.resolve()).finally(() => process.exit(EXIT.failed))
  let interrupts: Interrupt[] = [{ note: STOPPING, act: leave }]
  const interrupt = (): void => {
    const next = interrupts.shift()
    if (!next) process.exit(EXIT.failed)
    output.note(next.note)
    next.act()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  let hideProgress = (): void => undefined
  try {
    studio = await openStudio(home)
    hideProgress = showProgress(studio.jobs, streams.stderr)
    const onInterrupt: CommandContext['onInterrupt'] = (...wanted) => {
      interrupts = wanted.map((one) => (typeof one === 'function' ? { note: STOPPING, act: one } : one))
    }
    return await command({ studio, output, onInterrupt })
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
