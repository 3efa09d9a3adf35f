/** `report RUN RUN … -o FILE.html`. */
import { resolve } from 'node:path'
import { formatBytes } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'

export async function reportRuns(
  { studio, output }: CommandContext,
  references: readonly string[],
  file: string
): Promise<ExitCode> {
  const runs = await Promise.all(references.map((reference) => studio.runs.resolve(reference)))
  const runIds = runs.map(({ id }) => id)
  const written = await studio.report.write(runIds, resolve(file))
  output.result(written, `${written.file} (${formatBytes(written.bytes)})`)
  return EXIT.ok
}
