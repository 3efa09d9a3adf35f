/** The configuration while it is being edited: flat, and free to hold what is not valid yet. */
import { trainingConfigSchema, type TrainingConfig } from '@shared/domain/training-config'
import { flattenConfig } from '@shared/domain/training-config'
import { FIELDS } from './field-list'

/** `dotted.key` → value; a text where a number is asked and what was typed is none. */
export type Draft = Record<string, unknown>

export interface Checked {
  /** Null while something is wrong. */
  config: TrainingConfig | null
  /** `dotted.key` → what is wrong with it. */
  problems: Record<string, string>
}

/** A nested object out of dotted keys. */
export function unflatten(draft: Draft): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(draft)) {
    const path = key.split('.')
    let place = result
    for (const part of path.slice(0, -1)) {
      const inner = place[part]
      place = (typeof inner === 'object' && inner !== null ? inner : (place[part] = {})) as Record<string, unknown>
    }
    place[path.at(-1)!] = value
  }
  return result
}

export const toDraft = (config: TrainingConfig): Draft => flattenConfig(config)

/** Parses the draft with the schema of the contract; every problem is told by its field. */
export function checkDraft(draft: Draft): Checked {
  const result = trainingConfigSchema.safeParse(unflatten(draft))
  if (result.success) return { config: result.data, problems: {} }
  const problems: Record<string, string> = {}
  for (const issue of result.error.issues) {
    const path = issue.path.map(String)
    // Entries of a list (mean, std) belong to the list's field.
    const key = path.filter((part) => !/^\d+$/.test(part)).join('.')
    problems[key] ??= problemText(key, issue)
  }
  return { config: null, problems }
}

interface Issue {
  code?: string
  message: string
  expected?: unknown
  minimum?: unknown
  maximum?: unknown
  inclusive?: unknown
}

/** The schema's complaint in the words of a form: 'At most 10', 'A whole number'. */
function problemText(key: string, issue: Issue): string {
  const { code, minimum, maximum, inclusive } = issue
  const word = FIELDS.find((field) => field.key === key)?.word
  if (word && (code === 'invalid_union' || code === 'invalid_type')) return `${word.otherwise}, or '${word.text}'`
  if (code === 'too_small') return `${inclusive === false ? 'Above' : 'At least'} ${String(minimum)}`
  if (code === 'too_big') return `${inclusive === false ? 'Below' : 'At most'} ${String(maximum)}`
  if (code === 'invalid_type' && issue.expected === 'int') return 'A whole number'
  if (code === 'invalid_type' && issue.expected === 'number') return 'A number'
  if (code === 'invalid_type' && issue.expected === 'tuple') return 'Three numbers'
  return issue.message
}

/** What was typed into a number's field: the number, or the text as it is when it is none, for the schema to refuse. */
export function parseNumber(text: string): number | string {
  const trimmed = text.trim().replace(',', '.')
  const value = Number(trimmed)
  return trimmed === '' || Number.isNaN(value) ? text : value
}

/** '127, 127, 127' → [127, 127, 127]. */
export function parseNumbers(text: string): (number | string)[] {
  return text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(parseNumber)
}
