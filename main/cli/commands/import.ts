/** `import DIR`. */
import { resolve } from 'node:path'
import type { Dataset, ImportReport } from '@shared/domain/dataset'
import { StudioError } from '@shared/errors'
import { formatBytes, formatCount, formatDuration } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'

/** Refused files to list before saying how many more there are. */
const LISTED = 20

export async function importFolder(context: CommandContext, dir: string, name?: string): Promise<ExitCode> {
  const { dataset, report } = await importAndWait(context, dir, { name })
  context.output.result({ dataset, report }, describeImport(dataset, report))
  return EXIT.ok
}

/**
 * @param first counts only when the folder is new to the studio
 * @throws StudioError dataset/*, job/cancelled, when the import does not end well
 */
export async function importAndWait(
  { studio, onInterrupt }: CommandContext,
  dir: string,
  first: { name?: string | undefined; splitSeed?: number | undefined } = {}
): Promise<{ dataset: Dataset; report: ImportReport }> {
  const given = Object.fromEntries(Object.entries(first).filter(([, value]) => value !== undefined))
  const { dataset, job } = await studio.datasets.import({ path: resolve(dir), ...given })
  onInterrupt(() => studio.jobs.cancel(job.id))
  return importResult({ studio }, dataset.id, job.id)
}

export async function importResult(
  { studio }: Pick<CommandContext, 'studio'>,
  datasetId: string,
  jobId: string
): Promise<{ dataset: Dataset; report: ImportReport }> {
  const job = await studio.jobs.settled(jobId)
  if (job.error) throw StudioError.fromData(job.error)
  if (job.state === 'cancelled') throw new StudioError('job/cancelled', 'The import was stopped; nothing was changed.')
  const report = await studio.datasets.report(datasetId)
  if (!report) throw new StudioError('internal', 'The import left no report.', { datasetId })
  return { dataset: await studio.datasets.get(datasetId), report }
}

function describeImport(dataset: Dataset, report: ImportReport): string {
  const lines = [
    `${dataset.name} (${dataset.id})`,
    `${formatCount(dataset.imageCount)} images, ${dataset.classCount} classes, ${formatBytes(dataset.bytes)}, in ${formatDuration(report.durationMs / 1000)}`,
    `${report.added} added, ${report.changed} changed, ${report.removed} removed, ${report.unchanged} unchanged`
  ]
  if (report.refused.length > 0) {
    lines.push(`${report.refused.length} refused:`)
    for (const { path, message } of report.refused.slice(0, LISTED)) lines.push(`  ${path}: ${message}`)
    if (report.refused.length > LISTED) lines.push(`  … and ${report.refused.length - LISTED} more`)
  }
  for (const { title } of report.findings) lines.push(title)
  return lines.join('\n')
}
