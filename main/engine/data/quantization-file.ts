/** Bounds of eight bits as a file of JSON: they are read by people, too. Six digits: bounds are not so sharp. */
import { z } from 'zod'
import type { Quantization } from './quantization'

const fileSchema = z.object({
  likeness: z.number(),
  ranges: z.record(z.string(), z.object({ min: z.number(), max: z.number(), means: z.array(z.number()) }))
})

export function encodeQuantization({ likeness, ranges }: Quantization): string {
  const entries = [...ranges].map(
    ([node, { min, max, means }]) =>
      [node, { min: short(min), max: short(max), means: Array.from(means, short) }] as const
  )
  return `${JSON.stringify({ likeness, ranges: Object.fromEntries(entries) })}\n`
}

/** Null when it is no such file. */
export function decodeQuantization(text: string): Quantization | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const { success, data } = fileSchema.safeParse(value)
  if (!success) return null
  const ranges = Object.entries(data.ranges).map(
    ([node, { min, max, means }]) => [node, { min, max, means: Float32Array.from(means) }] as const
  )
  return { likeness: data.likeness, ranges: new Map(ranges) }
}

const short = (value: number): number => Number(value.toPrecision(6))
