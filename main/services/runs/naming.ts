/** What a new run is called and which colour it wears, when nobody says. */
import { randomBytes } from 'node:crypto'
import type { Run } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'

/** Twelve hex digits: short enough to type the beginning of, long enough to be alone. */
export const newRunId = (): string => randomBytes(6).toString('hex')

/** For example 'lite0-head-03': the backbone's short name, the mode (or the preset that is not the default), a count. */
export function defaultRunName(config: TrainingConfig, existing: readonly Pick<Run, 'name'>[]): string {
  const backbone = config.backboneId.split('-').at(-1)
  const preset = config.preset === 'default' ? '' : `${config.preset}-`
  const stem = `${backbone}-${preset}${config.mode}-`
  const numbers = existing
    .filter(({ name }) => name.startsWith(stem))
    .map(({ name }) => Number(name.slice(stem.length)))
    .filter(Number.isInteger)
  return stem + String(Math.max(0, ...numbers) + 1).padStart(2, '0')
}

/** The lowest index that no run of the list wears, so that neighbours differ. */
export function nextColor(existing: readonly Pick<Run, 'color'>[]): number {
  const taken = new Set(existing.map(({ color }) => color))
  let color = 0
  while (taken.has(color)) color++
  return color
}
