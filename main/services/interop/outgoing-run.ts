/** A run as it leaves for another program: flat settings, every point. */
import type { MetricPoint, Run } from '@shared/domain/run'
import type { Scalar } from '@shared/domain/run-annotations'
import { flattenConfig } from '@shared/domain/training-config'

export interface OutgoingRun {
  id: string
  name: string
  /** The dataset: what other programs call an experiment or a group. */
  group: string
  settings: Record<string, Scalar>
  tags: string[]
  notes: string
  points: MetricPoint[]
  /** Figures that are of the run rather than of a step: the test's. */
  results: Record<string, number>
  state: Run['state']
  /** Milliseconds since 1970. */
  startedAt: number
  endedAt: number
}

export function outgoingRun(run: Run, points: MetricPoint[]): OutgoingRun {
  const startedAt = run.startedAt ?? run.createdAt
  const lastMs = points.reduce((last, { timeMs }) => Math.max(last, timeMs), 0)
  return {
    id: run.id,
    name: run.name,
    group: run.datasetName,
    settings: run.imported ? run.imported.settings : settingsOf(run),
    tags: run.tags,
    notes: run.notes,
    points,
    results: run.test
      ? { test_accuracy: run.test.accuracy, test_loss: run.test.loss, test_macro_f1: run.test.macroF1 }
      : {},
    state: run.state,
    startedAt,
    endedAt: run.endedAt ?? Math.round(startedAt + lastMs)
  }
}

/** What a head's run has no use for is left out, as it is in comparisons. */
function settingsOf({ config, datasetName, datasetHash, environment }: Run): Record<string, Scalar> {
  const settings: Record<string, Scalar> = { dataset: datasetName, datasetVersion: datasetHash.slice(0, 12) }
  for (const [key, value] of Object.entries(flattenConfig(config))) {
    if (config.mode === 'head' && /^(fineTune|augmentation)\./.test(key)) continue
    settings[key] = typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Scalar)
  }
  if (environment) settings['device'] = environment.device
  return settings
}
