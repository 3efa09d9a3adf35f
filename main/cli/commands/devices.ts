/** `devices [--measure] [--benchmark]`. */
import type { DeviceBenchmark, DeviceReport, SpeedMeasurement } from '@shared/domain/device'
import { formatBytes, formatNumber } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table } from '../table'

export interface MeasureOptions {
  measure?: boolean
  benchmark?: boolean
}

export async function showDevices({ studio, output }: CommandContext, options: MeasureOptions): Promise<ExitCode> {
  const report = await studio.devices.refresh()
  const measurements = options.measure ? await studio.models.measure() : null
  const benchmark = options.benchmark ? await studio.benchmark() : null
  const parts = [describe(report), measurements && speedTable(measurements), benchmark && benchmarkTables(benchmark)]
  output.result(
    { ...report, ...(measurements && { measurements }), ...(benchmark && { benchmark }) },
    parts.filter((part) => part !== null).join('\n\n')
  )
  return EXIT.ok
}

function describe(report: DeviceReport): string {
  const { cpu, gpu, ladder, summary, why } = report
  const lines = [
    why ? `${summary} (${why})` : summary,
    `CPU: ${cpu.model}, ${cpu.threads} threads, ${formatBytes(cpu.memoryBytes)}${cpu.bfloat16 ? ', multiplies bfloat16' : ''}`,
    `GPU: ${gpu ? [gpu.name, gpu.driver && `driver ${gpu.driver}`].filter(Boolean).join(', ') : 'none found'}`,
    ''
  ]
  for (const { name, state, detail, reason, remedy } of ladder) {
    lines.push(`${state.padEnd(11)}  ${name}: ${detail}`)
    if (reason) lines.push(`${' '.repeat(13)}${reason}`)
    if (remedy) lines.push(`${' '.repeat(13)}${remedy}`)
  }
  return lines.join('\n')
}

function speedTable(measurements: readonly SpeedMeasurement[]): string {
  const rows = measurements.map(({ backboneId, executor, device, batchSize, imagesPerSecond, msPerImage }) => [
    backboneId,
    executor,
    device,
    batchSize,
    formatNumber(Math.round(imagesPerSecond * 10) / 10),
    formatNumber(Math.round(msPerImage * 100) / 100)
  ])
  return table(['backbone', 'executor', 'device', 'batch', 'images/s', 'ms/image'], rows, [3, 4, 5])
}

function benchmarkTables({ products, backbones }: DeviceBenchmark): string {
  const rows = products.map(({ executor, device, threads, gigaflops }) => [
    executor,
    device,
    threads,
    formatNumber(Math.round(gigaflops * 10) / 10)
  ])
  return [table(['executor', 'device', 'threads', 'GFLOP/s'], rows, [2, 3]), speedTable(backbones)].join('\n\n')
}
