/** A list of runs to choose from: what its columns show, how it is sorted and filtered. */
import { PRESETS } from '@shared/domain/presets'
import type { Run } from '@shared/domain/run'
import { MODE_NAMES, STATE_NAMES } from '../run/names'

export type ColumnId =
  'name' | 'state' | 'dataset' | 'backbone' | 'recipe' | 'loss' | 'validation' | 'test' | 'time' | 'device' | 'when'

export interface Column {
  id: ColumnId
  label: string
  /** Explains the heading on hover. */
  hint?: string
  numeric?: boolean
  /** What a row is sorted by; null comes last in either direction. */
  value(run: Run): string | number | null
}

export const presetName = (run: Run): string =>
  PRESETS.find(({ id }) => id === run.config.preset)?.name ?? run.config.preset

/** Seconds the run has taken, or has taken so far; null before it starts. */
export function runSeconds(run: Run, now = Date.now()): number | null {
  if (run.seconds) return run.seconds.total
  return run.startedAt === null ? null : ((run.endedAt ?? now) - run.startedAt) / 1000
}

export const COLUMNS: readonly Column[] = [
  { id: 'name', label: 'Name', value: (run) => run.name },
  { id: 'state', label: 'State', value: (run) => STATE_NAMES[run.state] },
  { id: 'dataset', label: 'Dataset', value: (run) => run.datasetName },
  { id: 'backbone', label: 'Backbone', value: (run) => run.config.backboneId },
  { id: 'recipe', label: 'Mode, preset', value: (run) => `${MODE_NAMES[run.config.mode]} ${presetName(run)}` },
  {
    id: 'loss',
    label: 'Val. loss',
    hint: 'Validation loss over the epochs; sorted by its lowest value',
    value: (run) => run.best?.validationLoss ?? null
  },
  {
    id: 'validation',
    label: 'Best val.',
    hint: 'Validation accuracy at the epoch with the lowest validation loss',
    numeric: true,
    value: (run) => run.best?.validationAccuracy ?? null
  },
  {
    id: 'test',
    label: 'Test',
    hint: 'Accuracy on the test images',
    numeric: true,
    value: (run) => run.test?.accuracy ?? null
  },
  { id: 'time', label: 'Time', numeric: true, value: (run) => runSeconds(run) },
  { id: 'device', label: 'Device', value: (run) => run.environment?.device ?? null },
  { id: 'when', label: 'When', numeric: true, value: (run) => run.createdAt }
]

export interface Sorting {
  column: ColumnId
  descending: boolean
}

/** A sorted copy. Equal rows keep their order; rows without a value come last, whichever the direction. */
export function sortRuns(runs: readonly Run[], { column, descending }: Sorting): Run[] {
  const { value } = COLUMNS.find(({ id }) => id === column)!
  const sign = descending ? -1 : 1
  const keyed = runs.map((run) => ({ run, key: value(run) }))
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null)
    if (typeof a.key === 'number' && typeof b.key === 'number') return sign * (a.key - b.key)
    return sign * collator.compare(String(a.key), String(b.key))
  })
  return keyed.map(({ run }) => run)
}

/** 'run 9' before 'run 10'. */
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** The runs in which every word of the text is found, in any column that is text. */
export function filterRuns(runs: readonly Run[], text: string): Run[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...runs]
  return runs.filter((run) => {
    const hay = COLUMNS.map(({ value }) => value(run))
      .filter((value) => typeof value === 'string')
      .join('\n')
      .toLowerCase()
    return words.every((word) => hay.includes(word))
  })
}
