/** Predictions as comma-separated values (RFC 4180). */
import type { ImagePrediction } from '@shared/domain/prediction'

const GUESSES = 3

export function predictionsCsv(predictions: readonly ImagePrediction[]): string {
  const guessColumns = Array.from({ length: GUESSES }, (_, index) => [
    `label_${index + 1}`,
    `probability_${index + 1}`
  ]).flat()
  const rows = predictions.map(({ file, top, error }) => [
    file,
    ...Array.from({ length: GUESSES }, (_, index) => [top[index]?.label ?? '', top[index]?.probability ?? '']).flat(),
    error?.message ?? ''
  ])
  return [['file', ...guessColumns, 'error'], ...rows].map((row) => row.map(field).join(',') + '\r\n').join('')
}

function field(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
