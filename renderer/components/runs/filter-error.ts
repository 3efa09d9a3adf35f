/** Where in the filter line an error is. */
import { z } from 'zod'
import type { ErrorData } from '@shared/errors'

const detailsSchema = z.object({ filter: z.string(), start: z.int().min(0), end: z.int().min(0) })

/** Null when the error is about something else, or about what is not typed any more. */
export function errorPlace(error: ErrorData, text: string): { start: number; end: number } | null {
  const details = detailsSchema.safeParse(error.details)
  if (error.code !== 'query/invalid' || !details.success || details.data.filter.trim() !== text.trim()) return null
  const shift =
    text.length - text.trimStart().length - (details.data.filter.length - details.data.filter.trimStart().length)
  return { start: details.data.start + shift, end: details.data.end + shift }
}
