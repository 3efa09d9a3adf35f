/** Predictions as CSV (RFC 4180): file, class, probability, and why a file was refused. */
import type { ImagePrediction } from '@shared/domain/prediction'

const HEADER = ['file', 'class', 'probability', 'error']

export function predictionsCsv(predictions: ImagePrediction[]): string {
  const rows = predictions.map(({ file, top, error }) => [
    file,
    top[0]?.label ?? '',
    top[0] ? top[0].probability.toFixed(6) : '',
    error?.message ?? ''
  ])
  return [HEADER, ...rows].map((row) => row.map(field).join(',')).join('\r\n') + '\r\n'
}

/** Quoted where it must be; a leading sign that a spreadsheet would take for a formula is defused. */
function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
