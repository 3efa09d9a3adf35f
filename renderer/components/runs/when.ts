/** Points in time as people say them. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** 'just now', '5 min ago', '3 h ago', then the date: '12 Mar, 14:05', or of another year '12 Mar 2025'. */
export function formatWhen(at: number, now = Date.now()): string {
  const past = now - at
  if (past < MINUTE) return 'just now'
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`
  const date = new Date(at)
  const month = date.toLocaleString('en', { month: 'short' })
  if (date.getFullYear() !== new Date(now).getFullYear()) return `${date.getDate()} ${month} ${date.getFullYear()}`
  const time = `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
  return `${date.getDate()} ${month}, ${time}`
}
