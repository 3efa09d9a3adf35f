/** The filter of the grid as it stands in the address, so that it survives going back and can be linked to. */
import { splitSchema, type ImageFilter } from '@shared/domain/dataset'

type Query = Record<string, string | null | undefined | (string | null)[]>

/** Whatever the address says; what makes no sense is left out. */
export function filterOf(query: Query): ImageFilter {
  const text = (key: string): string | undefined => {
    const value = query[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const label = text('label')
  const search = text('search')
  const split = splitSchema.safeParse(text('split'))
  return {
    ...(label !== undefined && { label }),
    ...(split.success && { split: split.data }),
    ...(search !== undefined && { search }),
    ...(text('duplicates') !== undefined && { duplicatesOnly: true })
  }
}

export function queryOf({ label, split, search, duplicatesOnly }: ImageFilter): Record<string, string> {
  return {
    ...(label !== undefined && { label }),
    ...(split !== undefined && { split }),
    ...(search && { search }),
    ...(duplicatesOnly && { duplicates: '1' })
  }
}

type Change = { [Key in keyof ImageFilter]?: ImageFilter[Key] | undefined }

/** The filter with some of it changed; what becomes undefined is left out. */
export function refine(filter: ImageFilter, change: Change): ImageFilter {
  return Object.fromEntries(Object.entries({ ...filter, ...change }).filter(([, value]) => value !== undefined))
}
