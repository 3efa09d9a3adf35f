/** Series by name: what they are called on the screen, and which of them belong in one chart. */
import type { Unit } from '../../charts/series'

interface Known {
  title: string
  unit: Unit
}

/** What the studio itself writes. */
const KNOWN: Readonly<Record<string, Known>> = {
  train_loss: { title: 'Training loss', unit: 'number' },
  validation_loss: { title: 'Validation loss', unit: 'number' },
  train_accuracy: { title: 'Training accuracy', unit: 'percent' },
  validation_accuracy: { title: 'Validation accuracy', unit: 'percent' },
  learning_rate: { title: 'Learning rate', unit: 'number' },
  images_per_second: { title: 'Images per second', unit: 'number' },
  rss_bytes: { title: 'Memory', unit: 'bytes' },
  gradient_norm: { title: 'Gradient norm', unit: 'number' },
  update_ratio: { title: 'Update to weights', unit: 'number' },
  wait_share: { title: 'Waiting for pictures', unit: 'percent' }
}

/** A series of another program keeps its name. */
export const metricTitle = (series: string): string => KNOWN[series]?.title ?? series
export const metricUnit = (series: string): Unit => KNOWN[series]?.unit ?? 'number'

/** The order of the studio's own, which come first; the others follow by name. */
const ORDER = Object.keys({ ...KNOWN })
const FIRST = ['validation_loss', 'validation_accuracy', 'train_loss', 'train_accuracy']

export function metricOrder(a: string, b: string): number {
  const rank = (name: string): number => {
    const place = FIRST.indexOf(name)
    return place >= 0 ? place : name in KNOWN ? FIRST.length + ORDER.indexOf(name) : Infinity
  }
  const [left, right] = [rank(a), rank(b)]
  return left === right ? a.localeCompare(b, 'en', { numeric: true }) : left - right
}

/** Those that are drawn when nothing was chosen. */
export function defaultMetrics(names: readonly string[]): string[] {
  const own = FIRST.filter((name) => names.includes(name))
  return own.length > 0 ? own : [...names].sort(metricOrder).slice(0, FIRST.length)
}

/** Which images a series was computed on. */
export type MetricSplit = 'train' | 'validation' | 'test' | null

const SPLITS: readonly [MetricSplit, string][] = [
  ['train', 'train(?:ing)?'],
  ['validation', 'val(?:id(?:ation)?)?|dev'],
  ['test', 'test|eval(?:uation)?']
]

/**
 * What a series measures, and on which images, out of its name: `validation_loss`, `val/loss`, `loss-train`, and of Keras, where
 * training has no prefix, `loss` beside `val_loss`.
 */
export function metricParts(series: string): { measure: string; split: MetricSplit } {
  for (const [split, words] of SPLITS) {
    const [before, after] = [
      new RegExp(`^(?:${words})[_/. -]+(.+)$`, 'i'),
      new RegExp(`^(.+?)[_/. -]+(?:${words})$`, 'i')
    ]
    const found = before.exec(series) ?? after.exec(series)
    if (found) return { measure: found[1]!, split }
  }
  return { measure: series, split: null }
}

export interface MetricFamily {
  measure: string
  title: string
  unit: Unit
  /** Training first, so that what counts is drawn over it. */
  members: { series: string; split: MetricSplit }[]
}

/** Series that measure the same on different images, together. */
export function metricFamilies(names: readonly string[]): MetricFamily[] {
  const families = new Map<string, MetricFamily>()
  for (const series of [...names].sort(metricOrder)) {
    const { measure, split } = metricParts(series)
    const known = families.get(measure)
    if (known) known.members.push({ series, split })
    else {
      const title = KNOWN[series] && split === null ? KNOWN[series].title : capitalised(measure)
      families.set(measure, { measure, title, unit: metricUnit(series), members: [{ series, split }] })
    }
  }
  const order: MetricSplit[] = ['train', null, 'test', 'validation']
  for (const { members } of families.values()) members.sort((a, b) => order.indexOf(a.split) - order.indexOf(b.split))
  return [...families.values()]
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
