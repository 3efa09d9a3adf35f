/** Filters as text: conditions for values, quick filters put together with what is typed. */
import type { Scalar } from '@shared/domain/run-annotations'

/** Values by key: a run has to have one of each key's. */
export type FacetChoice = Readonly<Record<string, readonly Scalar[]>>

const BARE = /^[\p{L}_][\p{L}\p{N}_.-]*$/u
/** Words of the language itself. */
const TAKEN = new Set(['and', 'or', 'not', 'in', 'none'])

/** A value as the filter language writes it. */
export function valueText(value: Scalar): string {
  if (value === null) return 'none'
  if (typeof value !== 'string') return String(value)
  if (BARE.test(value) && !TAKEN.has(value.toLowerCase())) return value
  return `"${value.replace(/[\\"]/gu, '\\$&')}"`
}

/** A key as the filter language writes it. */
export const keyText = (key: string): string => (/[\s()=<>~:,"'!]/u.test(key) ? `"${key}"` : key)

export function condition(key: string, values: readonly Scalar[]): string {
  const texts = values.map(valueText)
  return texts.length === 1 ? `${keyText(key)} = ${texts[0]!}` : `${keyText(key)} in (${texts.join(', ')})`
}

/** What was typed, and each of the conditions. Nothing at all: an empty filter. */
export function allOf(typed: string, conditions: readonly string[]): string {
  const text = typed.trim() && conditions.length > 0 ? `(${typed})` : typed.trim()
  return [text, ...conditions].filter(Boolean).join(' and ')
}

export const facetConditions = (chosen: FacetChoice): string[] =>
  Object.entries(chosen)
    .filter(([, values]) => values.length > 0)
    .map(([key, values]) => condition(key, values))

/** Adds the value to what is chosen, or takes it out. */
export function toggleFacet(chosen: FacetChoice, key: string, value: Scalar): FacetChoice {
  const values = chosen[key] ?? []
  const next = values.includes(value) ? values.filter((other) => other !== value) : [...values, value]
  const rest = Object.fromEntries(Object.entries(chosen).filter(([other]) => other !== key))
  return next.length > 0 ? { ...rest, [key]: next } : rest
}
