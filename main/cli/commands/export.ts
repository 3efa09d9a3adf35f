/** `export RUN DIR`. */
import { resolve } from 'node:path'
import { formatBytes, formatNumber } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'

export async function exportRun({ studio, output }: CommandContext, reference: string, dir: string): Promise<ExitCode> {
  const run = await studio.runs.resolve(reference)
  const result = await studio.exports.layersModel(run.id, resolve(dir))
  const { directory, files, bytes, parity } = result
  output.result(
    result,
    [
      `${run.name} → ${directory}`,
      ...files.map((file) => `  ${file}`),
      `${formatBytes(bytes)}. Reloaded and compared on ${parity.images} test images: probabilities differ by ${formatNumber(parity.maxDifference)} at most.`
    ].join('\n')
  )
  return EXIT.ok
}
