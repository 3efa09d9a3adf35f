/** What is wrong with a filter, and where. */
import { StudioError } from '../errors'
import type { Place } from './syntax'

/** `details` has the place (`start`, `end`, counted from 0) for whoever marks it in the text. */
export function invalidQuery(filter: string, { start, end }: Place, problem: string): StudioError {
  const what =
    start >= filter.length ? 'at its end' : `at character ${String(start + 1)}, '${filter.slice(start, end)}'`
  return new StudioError('query/invalid', `The filter cannot be read ${what}: ${problem}.`, { filter, start, end })
}
