/** The small YAML files of MLflow's store. */
import { readFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'

/** @returns the mapping in it, or null where there is no such file or no mapping in it */
export async function readYaml(file: string): Promise<Record<string, unknown> | null> {
  try {
    const value: unknown = parse(await readFile(file, 'utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** Keys in order, as PyYAML dumps them. Texts in quotes: MLflow's ids are digits, and must not come back as numbers. */
export const toYaml = (value: Readonly<Record<string, unknown>>): string =>
  stringify(value, { sortMapEntries: true, defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'PLAIN' })

export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : ''

export const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null
