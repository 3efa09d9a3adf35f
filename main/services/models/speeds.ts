/** How fast each backbone was found to be on this machine: a fact of the database. */
import { z } from 'zod'
import { backboneSchema, type Backbone } from '@shared/domain/backbone'
import type { SpeedMeasurement } from '@shared/domain/device'
import type { Store } from '../../store/store'

const speedsSchema = z.record(z.string(), backboneSchema.shape.speed.unwrap())
const SPEEDS_FACT = 'speeds/backbones'

type Facts = Store['facts']

/** By the id of the backbone. */
export async function readSpeeds(facts: Facts): Promise<Record<string, NonNullable<Backbone['speed']>>> {
  const known = speedsSchema.safeParse(await facts.get(SPEEDS_FACT))
  return known.success ? known.data : {}
}

/** Of several measurements of one backbone the fastest is what stays. */
export async function keepSpeeds(facts: Facts, measurements: readonly SpeedMeasurement[]): Promise<void> {
  if (measurements.length === 0) return
  const speeds = await readSpeeds(facts)
  const measuredAt = Date.now()
  for (const found of [...measurements].sort((a, b) => a.imagesPerSecond - b.imagesPerSecond)) {
    const { imagesPerSecond, msPerImage, executor, batchSize } = found
    speeds[found.backboneId] = { imagesPerSecond, msPerImage, executor, batchSize, measuredAt }
  }
  await facts.set(SPEEDS_FACT, speeds)
}

/** A new backbone of the same id must not inherit it. */
export async function forgetSpeed(facts: Facts, backboneId: string): Promise<void> {
  const others = Object.entries(await readSpeeds(facts)).filter(([id]) => id !== backboneId)
  await facts.set(SPEEDS_FACT, Object.fromEntries(others))
}
