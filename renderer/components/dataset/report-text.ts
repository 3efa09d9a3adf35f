/** The import report in words: on the screen, and as text for a mail or a file. */
import type { ImportReport, RefusedFile } from '@shared/domain/dataset'
import { ERROR_HINTS } from '@shared/errors'
import { formatCount, formatDuration } from '@shared/text/format'

export interface ReportFigure {
  label: string
  value: string
}

export function reportFigures(report: ImportReport): ReportFigure[] {
  const figure = (label: string, count: number): ReportFigure => ({ label, value: formatCount(count) })
  return [
    figure('Files looked at', report.scanned),
    figure('Images now', report.imported),
    figure('Added', report.added),
    figure('Changed', report.changed),
    figure('Removed', report.removed),
    figure('Unchanged', report.unchanged),
    figure('Left out', report.refused.length),
    figure('Other files', report.ignored),
    { label: 'Took', value: formatDuration(report.durationMs / 1000) }
  ]
}

/** What the sentence says of the file, where the file is named beside it. */
export function withoutPath({ path, message }: Pick<RefusedFile, 'path' | 'message'>): string {
  const named = `'${path}' `
  return message.startsWith(named) ? message.slice(named.length) : message
}

/** Matches a part of the path or of the sentence. */
export function filterRefused(refused: readonly RefusedFile[], text: string): RefusedFile[] {
  const wanted = text.trim().toLowerCase()
  return refused.filter(({ path, message }) => `${path}\n${message}`.toLowerCase().includes(wanted))
}

export interface RefusedGroup {
  code: RefusedFile['code']
  /** What to do about each file of the group. */
  hint: string
  files: RefusedFile[]
}

/** Files that ask for the same cure stand together, the largest group first. */
export function groupRefused(refused: readonly RefusedFile[]): RefusedGroup[] {
  const groups = new Map<RefusedFile['code'], RefusedFile[]>()
  for (const file of refused) {
    const group = groups.get(file.code)
    if (group) group.push(file)
    else groups.set(file.code, [file])
  }
  return [...groups]
    .map(([code, files]) => ({ code, hint: ERROR_HINTS[code], files }))
    .sort((a, b) => b.files.length - a.files.length)
}

/** Plain text with one file to a line. */
export function reportText(name: string, report: ImportReport): string {
  const findings = report.findings.map(({ title, evidence }) => `- ${title}${evidence ? `. ${evidence}` : ''}`)
  const refused = groupRefused(report.refused).flatMap(({ hint, files }) => [
    '',
    `${formatCount(files.length)} × ${hint}`,
    ...files.map((file) => `- ${file.path}: ${withoutPath(file)}`)
  ])
  return [
    `Import of ${name}, ${new Date(report.finishedAt).toLocaleString()}`,
    ...reportFigures(report).map(({ label, value }) => `${label}: ${value}`),
    ...(findings.length ? ['', 'Findings', ...findings] : []),
    ...refused,
    ''
  ].join('\n')
}
