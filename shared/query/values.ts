/** What the values of a filter stand for. */
import type { Value } from './syntax'
import type { Token } from './tokens'

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/iu
const PERCENTAGE = /^[+-]?(\d+\.?\d*|\.\d+)%$/u
const DATE = /^(\d{4})-(\d{2})-(\d{2})(T(\d{2}):?(\d{2}))?$/u

export function toValue({ type, text, start, end }: Token): Value {
  if (type === 'quoted') return { text, number: null, missing: false, start, end }
  return { text, number: toNumber(text), missing: text.toLowerCase() === 'none', start, end }
}

/** Null for what is no number, percentage or date. A date is milliseconds since 1970, of midnight where the reader lives. */
function toNumber(text: string): number | null {
  if (NUMBER.test(text)) return finite(Number(text))
  if (PERCENTAGE.test(text)) return Number(text.slice(0, -1)) / 100
  const date = DATE.exec(text)
  if (!date) return null
  const [, year, month, day, , hour = 0, minute = 0] = date.map((part) =>
    part === undefined ? undefined : Number(part)
  )
  const moment = new Date(year!, month! - 1, day, hour, minute)
  // 31 February would silently be some day in March.
  return moment.getMonth() === month! - 1 && moment.getDate() === day ? moment.getTime() : null
}

const finite = (number: number): number | null => (Number.isFinite(number) ? number : null)
