/** Differences between two runs that no experiment here can switch: they have what the others leave of the measured gap. */
import type { GapFactor, GapSetting } from '@shared/domain/explanation'
import type { Run } from '@shared/domain/run'
import type { Side } from './sides'
import { shownValue } from './settings'

export type Leftover = Pick<GapFactor, 'id' | 'cause' | 'label' | 'from' | 'to' | 'settings'> & {
  /** Whether it can change what is learned; a device changes the time alone, but for rounding. */
  learns: boolean
}

const DEVICE_KEYS = ['device', 'threads', 'frozenExecutor', 'trainingExecutor'] as const

/** Null when there is none. Several are one factor: nothing tells them apart. */
export function leftoverOf(a: Side, b: Side): Leftover | null {
  if (!a.run || !b.run) return null
  const parts = [dataOf(a.run, b.run), seedOf(a, b), deviceOf(a.run, b.run)].filter((part) => part !== null)
  const first = parts[0]
  if (!first) return null
  if (parts.length === 1) return first
  const labels = parts.map(({ label }) => label.toLowerCase())
  const label = `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`
  return {
    ...first,
    label: label.charAt(0).toUpperCase() + label.slice(1),
    from: parts.map(({ from }) => from).join(', '),
    to: parts.map(({ to }) => to).join(', '),
    settings: parts.flatMap(({ settings }) => settings)
  }
}

function dataOf(a: Run, b: Run): Leftover | null {
  if (a.datasetHash === b.datasetHash) return null
  const [from, to] = [a, b].map(({ datasetHash }) => datasetHash.slice(0, 8)) as [string, string]
  const settings = [{ key: 'datasetVersion', from, to }]
  return { id: 'data', cause: 'data', label: 'Data version', from, to, settings, learns: true }
}

function seedOf(a: Side, b: Side): Leftover | null {
  const [from, to] = [a.config.seed, b.config.seed]
  if (from === to) return null
  const texts = { from: `seed ${from}`, to: `seed ${to}` }
  return { id: 'seed', cause: 'seed', label: 'Seed', ...texts, settings: [{ key: 'seed', from, to }], learns: true }
}

function deviceOf({ environment: a, config: from }: Run, { environment: b, config: to }: Run): Leftover | null {
  if (!a || !b) return null
  // What trains follows from what is trained, and what is frozen from the backbone's form: no device's doing.
  const isDevices = (key: (typeof DEVICE_KEYS)[number]): boolean =>
    (key !== 'trainingExecutor' || from.mode === to.mode) &&
    (key !== 'frozenExecutor' || from.backboneId === to.backboneId)
  const differing = DEVICE_KEYS.filter((key) => a[key] !== b[key] && isDevices(key))
  const settings = differing.map((key): GapSetting => ({
    key,
    from: shownValue(a[key]),
    to: shownValue(b[key])
  }))
  if (settings.length === 0) return null
  const text = (side: 'from' | 'to'): string =>
    settings.map((each) => (each.key === 'threads' ? `${each[side]} threads` : String(each[side]))).join(', ')
  return { id: 'device', cause: 'device', label: 'Device', from: text('from'), to: text('to'), settings, learns: false }
}
