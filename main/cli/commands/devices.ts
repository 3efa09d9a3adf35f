/** `devices [--measure]`. */
import type { DeviceReport, SpeedMeasurement } from '@shared/domain/device'
import { formatBytes, formatNumber } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table } from '../table'

export async function showDevices({ studio, output }: CommandContext, measure: boolean): Promise<ExitCode> {
  const report = await studio.devices.refresh()
  const measurements = measure ? await studio.models.measure() : null
  output.result({ ...report, ...(measurements && { measurements }) }, describe(report, measurements))
  return EXIT.ok
}

function describe(report: DeviceReport, measurements: SpeedMeasurement[] | null): string {
  const { cpu, gpu, ladder, summary, why } = report
  const lines = [
    why ? `${summary} (${why})` : summary,
    `CPU: ${cpu.model}, ${cpu.threads} threads, ${formatBytes(cpu.memoryBytes)}`,
    `GPU: ${gpu ? [gpu.name, gpu.driver && `driver ${gpu.driver}`].filter(Boolean).join(', ') : 'none found'}`,
    ''
  ]
  for (const { name, state, detail, reason, remedy } of ladder) {
    lines.push(`${state.padEnd(11)}  ${name}: ${detail}`)
    if (reason) lines.push(`${' '.repeat(13)}${reason}`)
    if (remedy) lines.push(`${' '.repeat(13)}${remedy}`)
  }
  if (measurements) {
    const rows = measurements.map(({ backboneId, executor, device, batchSize, imagesPerSecond, msPerImage }) => [
      backboneId,
      executor,
      device,
      batchSize,
      formatNumber(Math.round(imagesPerSecond * 10) / 10),
      formatNumber(Math.round(msPerImage * 100) / 100)
    ])
    lines.push('', table(['backbone', 'executor', 'device', 'batch', 'images/s', 'ms/image'], rows, [3, 4, 5]))
  }
  return lines.join('\n')
}
