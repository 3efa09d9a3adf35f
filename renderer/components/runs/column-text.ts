/** What a key of the runs table is called, and how its values are written. */
import type { Scalar } from '@shared/domain/run-annotations'
import type { SeriesValue } from '@shared/domain/run-query'
import type { RunState } from '@shared/domain/run'
import { formatBytes, formatCount, formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import { settingText } from '../run/config-rows'
import { STATE_NAMES } from '../run/names'
import { settingLabel } from '../new-run/fields'
import { formatWhen } from './when'

const SERIES_VALUE_NAMES: Record<SeriesValue, string> = {
  best: 'Best',
  last: 'Last',
  min: 'Lowest',
  max: 'Highest',
  atBest: 'At best'
}
const SERIES_NAMES: Record<string, string> = {
  train_loss: 'train. loss',
  train_accuracy: 'train. acc.',
  validation_loss: 'val. loss',
  validation_accuracy: 'val. acc.',
  learning_rate: 'learning rate',
  images_per_second: 'images/s',
  rss_bytes: 'memory',
  gradient_norm: 'gradient',
  update_ratio: 'update',
  wait_share: 'waiting'
}
const FACTS: Record<string, string> = {
  name: 'Name',
  state: 'State',
  source: 'Source',
  dataset: 'Dataset',
  backbone: 'Backbone',
  mode: 'Mode',
  preset: 'Preset',
  seed: 'Seed',
  seedGroup: 'Seed group',
  device: 'Device',
  executor: 'Trained on',
  images: 'Images',
  classes: 'Classes',
  epochs: 'Epochs',
  created: 'When',
  started: 'Started',
  ended: 'Ended',
  starred: 'Starred',
  archived: 'Archived',
  notes: 'Notes',
  parent: 'Made from',
  error: 'Error',
  tags: 'Tags',
  tag: 'Tag',
  spark: 'Val. loss',
  'best.epoch': 'Best epoch',
  'atBest.validation_accuracy': 'Val. acc.',
  'test.accuracy': 'Test acc.',
  'test.loss': 'Test loss',
  'test.macroF1': 'Test macro F1',
  'test.count': 'Test images',
  'seconds.import': 'Import time',
  'seconds.features': 'Features time',
  'seconds.train': 'Training time',
  'seconds.total': 'Time',
  'calibration.temperature': 'Temperature',
  'calibration.eceAfter': 'ECE, calibrated'
}
const HINTS: Record<string, string> = {
  spark: 'Validation loss from the first epoch to the last, its lowest value marked',
  seedGroup: 'The same for runs that differ in nothing but their seeds',
  'test.accuracy': 'Accuracy on the test images'
}

const isSeriesValue = (text: string): text is SeriesValue => text in SERIES_VALUE_NAMES

/** `best.validation_loss` in its two parts; null for what is no value of a series. */
export function seriesOf(key: string): { value: SeriesValue; series: string } | null {
  const dot = key.indexOf('.')
  const value = key.slice(0, dot)
  return dot > 0 && isSeriesValue(value) && key !== 'best.epoch' ? { value, series: key.slice(dot + 1) } : null
}

/** A column's heading: 'Best val. loss', 'Head · learning rate'. A key of another program stays as it is. */
export function columnLabel(key: string): string {
  const fact = FACTS[key]
  if (fact) return fact
  const series = seriesOf(key)
  if (series) return `${SERIES_VALUE_NAMES[series.value]} ${SERIES_NAMES[series.series] ?? series.series}`
  return settingLabel(key.replace(/^imported\./u, ''))
}

/** What a heading means, on hover; ends with the key, because that is what a filter calls it. */
export function columnHint(key: string): string {
  const series = seriesOf(key)
  const atBest = series?.value === 'atBest' ? 'At the epoch with the lowest validation loss' : null
  const hint = HINTS[key] ?? atBest
  return hint ? `${hint} (${key})` : key
}

/** What a number of this key measures. */
export type Quantity = 'share' | 'seconds' | 'moment' | 'bytes' | 'count' | 'number'

export function quantityOf(key: string): Quantity {
  if (/^(created|started|ended)$/u.test(key)) return 'moment'
  if (key.startsWith('seconds.')) return 'seconds'
  if (/bytes$/u.test(key)) return 'bytes'
  if (/^(images|classes|test\.count)$/u.test(key)) return 'count'
  if (/(^|[._/])(accuracy|macroF1|acc)$/u.test(key) || /_accuracy$/u.test(key)) return 'share'
  return 'number'
}

/** A number as the column writes it. */
export function numberText(key: string, value: number, now = Date.now()): string {
  switch (quantityOf(key)) {
    case 'share':
      // Another program may call per cent what is no share.
      return value >= 0 && value <= 1 ? formatPercent(value) : formatNumber(value)
    case 'seconds':
      return formatDuration(value)
    case 'moment':
      return formatWhen(value, now)
    case 'bytes':
      return formatBytes(value)
    case 'count':
      return formatCount(value)
    default:
      return /loss$/u.test(key) ? fixed(value) : formatNumber(value)
  }
}

/** Digits under digits as long as they mean something. */
const fixed = (value: number): string =>
  Math.abs(value) < 0.01 || Math.abs(value) >= 1000 ? formatNumber(value) : value.toFixed(3)

/** A cell's text; '–' for what a run has not. */
export function cellText(key: string, value: Scalar | undefined, now = Date.now()): string {
  if (value === null || value === undefined || value === '') return '–'
  if (key === 'state') return STATE_NAMES[value as RunState] ?? String(value)
  if (typeof value === 'number' && !Number.isInteger(value)) return numberText(key, value, now)
  if (typeof value === 'number' && quantityOf(key) !== 'number') return numberText(key, value, now)
  return settingText(key.replace(/^imported\./u, ''), value)
}
