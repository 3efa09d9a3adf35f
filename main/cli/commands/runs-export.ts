/** `runs export csv|json [FILE]`. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { StudioError } from '@shared/errors'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { toQuestion, type QuestionOptions } from './runs'

export type ExportOptions = QuestionOptions

export async function exportTable(
  { studio, output }: CommandContext,
  format: 'csv' | 'json',
  target: string | undefined,
  options: ExportOptions
): Promise<ExitCode> {
  const question = await toQuestion(studio, options)
  const text = await studio.runs.table.export({ ...question, columns: options.columns ?? null, format })
  if (target === undefined) {
    output.streams.stdout.write(text)
    return EXIT.ok
  }
  const file = resolve(target)
  await writeFile(file, text).catch((cause: Error) => {
    throw new StudioError('export/failed', `${file} cannot be written: ${cause.message}.`, { file }, { cause })
  })
  output.result({ file }, file)
  return EXIT.ok
}
