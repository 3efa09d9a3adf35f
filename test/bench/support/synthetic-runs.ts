/**
 * Runs that were never trained, for benchmarks of tables and curves: drawn from a seed, so that the same ones can be written into any
 * program's store. Curves fall or climb with noise like a training's; settings are drawn from a few values each, so that there is
 * something to filter, to group and to sort by.
 */
import type { MetricPoint, Run } from '@shared/domain/run'
import { newAnnotations } from '@shared/domain/run-annotations'
import { trainingConfigSchema } from '@shared/domain/training-config'

export interface SyntheticOptions {
  runs: number
  /** Series a run. */
  metrics: number
  /** Points a series. */
  steps: number
  seed: number
}

export interface SyntheticRun {
  run: Run
  /** Series after series, ascending in step: made when they are asked for, since those of all runs together are gigabytes. */
  points(): MetricPoint[]
}

const SERIES = ['train_loss', 'train_accuracy', 'validation_loss', 'validation_accuracy', 'learning_rate']
const BACKBONES = ['efficientnet-lite0', 'mobilenet-v2', 'resnet-50']
const PRESETS = ['default', 'fastai', 'bit', 'naive'] as const
const TAGS = ['good', 'baseline', 'sweep']
const STEPS_PER_EPOCH = 100
const BEGUN_AT = 1_760_000_000_000

/** One after the other, always the same for a seed. */
export function* syntheticRuns({ runs, metrics, steps, seed }: SyntheticOptions): Generator<SyntheticRun> {
  for (let index = 0; index < runs; index++) {
    const random = mulberry32(seed * 1_000_003 + index)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
    const learningRate = pick([1e-4, 3e-4, 1e-3, 3e-3, 1e-2])
    const config = trainingConfigSchema.parse({
      backboneId: pick(BACKBONES),
      preset: pick(PRESETS),
      seed: index % 5,
      head: { learningRate, batchSize: pick([16, 32, 64]), dropout: pick([0, 0.2, 0.5]) }
    })
    const accuracy = 0.6 + 0.35 * random()
    const loss = 1.2 - accuracy + 0.1 * random()
    const createdAt = BEGUN_AT + index * 60_000
    const run: Run = {
      id: `synthetic-${String(seed)}-${String(index).padStart(6, '0')}`,
      name: `synthetic-${String(index).padStart(5, '0')}`,
      color: index % 24,
      datasetId: 'synthetic',
      datasetName: 'Synthetic',
      datasetHash: 'synthetic',
      imageCount: 1000,
      classes: ['a', 'b'],
      config,
      state: 'completed',
      environment: null,
      epochsDone: Math.ceil(steps / STEPS_PER_EPOCH),
      best: { epoch: 1, validationLoss: loss, validationAccuracy: accuracy },
      test: { accuracy, loss, macroF1: accuracy - 0.01, count: 150 },
      seconds: { import: 0, features: 1, train: 20 + 100 * random(), total: 30 + 100 * random() },
      findings: [],
      error: null,
      checkpoint: null,
      createdAt,
      startedAt: createdAt,
      endedAt: createdAt + 50_000,
      ...newAnnotations(),
      tags: random() < 0.3 ? [pick(TAGS)] : []
    }
    yield { run, points: () => [...curves(metrics, steps, mulberry32(seed * 7_000_003 + index))] }
  }
}

/** The first five series are the studio's; more are called metric_5, metric_6, … */
export const seriesName = (place: number): string => SERIES[place] ?? `metric_${String(place)}`

function* curves(metrics: number, steps: number, random: () => number): Generator<MetricPoint> {
  for (let place = 0; place < metrics; place++) {
    const series = seriesName(place)
    const climbs = series.includes('accuracy')
    const speed = (2 + 4 * random()) / steps
    for (let step = 1; step <= steps; step++) {
      const falling = Math.exp(-speed * step) + 0.1 * (random() - 0.5)
      const value = climbs ? 1 - 0.8 * falling : 0.3 + 2 * falling
      yield { series, step, epoch: step / STEPS_PER_EPOCH, timeMs: step * 5, value }
    }
  }
}

/** A small generator with a period of 2³², by Tommy Ettinger (public domain). @returns numbers in [0, 1) */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
