/** Where a finding of a dataset leads, and which findings fit into one line. */
import type { ImageFilter } from '@shared/domain/dataset'
import type { Finding } from '@shared/domain/finding'

export type FindingLink = { kind: 'report' } | { kind: 'filter'; filter: ImageFilter }

/** Findings about images that share their content. */
const ABOUT_DUPLICATES = new Set(['dataset/duplicates', 'dataset/conflicting-labels', 'dataset/split-leak'])

/** @returns null where neither a filter nor the report shows more than the sentence says */
export function linkOf({ code, label }: Pick<Finding, 'code' | 'label'>): FindingLink | null {
  if (code === 'dataset/refused') return { kind: 'report' }
  if (ABOUT_DUPLICATES.has(code)) return { kind: 'filter', filter: { duplicatesOnly: true } }
  if (label !== undefined) return { kind: 'filter', filter: { label } }
  return null
}

/** Whether the grid shows what the link leads to. */
export function isShown(link: FindingLink | null, filter: ImageFilter): boolean {
  if (link?.kind !== 'filter') return false
  return link.filter.duplicatesOnly ? filter.duplicatesOnly === true : filter.label === link.filter.label
}

/** The first of each kind before the second of any, at most `room` of them; the rest is counted. */
export function inOneLine(findings: readonly Finding[], room: number): { shown: Finding[]; more: number } {
  const seen = new Set<string>()
  const first: Finding[] = []
  const others: Finding[] = []
  for (const finding of findings) {
    ;(seen.has(finding.code) ? others : first).push(finding)
    seen.add(finding.code)
  }
  const shown = [...first, ...others].slice(0, room)
  return { shown, more: findings.length - shown.length }
}
