/** `models`. */
import { formatBytes, formatCount, formatNumber } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table } from '../table'

export async function listModels({ studio, output }: CommandContext): Promise<ExitCode> {
  const models = await studio.models.list()
  const rows = models.map(({ id, parameters, multiplyAdds, bytes, contract, speed, license }) => [
    id,
    parameters === null ? null : formatCount(parameters),
    multiplyAdds === null ? null : `${formatCount(Math.round(multiplyAdds / 1e6))} M`,
    formatBytes(bytes),
    `${contract.size}² ${contract.colorOrder}`,
    speed ? `${formatNumber(Math.round(speed.imagesPerSecond))}/s` : null,
    license
  ])
  const head = ['id', 'parameters', 'multiply-adds', 'size', 'input', 'images here', 'licence']
  output.result({ models }, table(head, rows, [1, 2, 3, 5]))
  return EXIT.ok
}
