/** The points of a run's curves as one tensor: five float64 each, so that what is read is what was written, bit for bit. */
import { seriesNameSchema, type MetricPoint, type SeriesName } from '@shared/domain/run'
import type { SafeTensor } from '@shared/formats/safetensors'

const FIELDS = 5
const BYTES = FIELDS * 8
const SERIES = seriesNameSchema.options

/** U8 [points, 40]. A value that is not a number is NaN. */
export function encodePoints(points: readonly MetricPoint[]): SafeTensor {
  const numbers = new Float64Array(points.length * FIELDS)
  points.forEach(({ series, step, epoch, timeMs, value }, row) => {
    numbers.set([SERIES.indexOf(series as SeriesName), step, epoch, timeMs, value ?? Number.NaN], row * FIELDS)
  })
  return { shape: [points.length, BYTES], data: new Uint8Array(numbers.buffer) }
}

export function decodePoints({ data }: SafeTensor): MetricPoint[] {
  const bytes = Uint8Array.from(data)
  const numbers = new Float64Array(bytes.buffer)
  return Array.from({ length: numbers.length / FIELDS }, (_, row) => {
    const [series, step, epoch, timeMs, value] = numbers.subarray(row * FIELDS, (row + 1) * FIELDS)
    return {
      series: SERIES[series!]!,
      step: step!,
      epoch: epoch!,
      timeMs: timeMs!,
      value: Number.isNaN(value) ? null : value!
    }
  })
}
