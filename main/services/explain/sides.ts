/** The two that are compared: a run each, or a run and the recommended configuration for its dataset. */
import type { Backbone } from '@shared/domain/backbone'
import { BEST_PRACTICE, type ExplainRequest } from '@shared/domain/explanation'
import { isSettled, type Run } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { RunContext } from '../runs/context'
import { assertStartable } from '../runs/preflight'
import { recommend } from '../runs/recommend'
import type { Grounds } from './experiment'

export interface Side {
  /** Of the run, or BEST_PRACTICE. */
  id: string
  name: string
  config: TrainingConfig
  run: Run | null
}

export interface Sides {
  a: Side
  b: Side
  grounds: Grounds
}

/**
 * @throws StudioError run/not-found, run/different-datasets, explain/same-run, explain/imported, explain/not-ended, dataset/*,
 *   backbone/*, runtime/not-ready when one of the two could not be trained now
 */
export async function sidesOf(context: RunContext, { a, b }: Pick<ExplainRequest, 'a' | 'b'>): Promise<Sides> {
  if (a === b) throw new StudioError('explain/same-run', 'Both are the same run.', { a, b })
  const from = sideOf(await endedRun(context, a))
  const to = b === BEST_PRACTICE ? await bestPractice(context, from.run!) : sideOf(await endedRun(context, b))
  if (to.run && to.run.datasetId !== from.run!.datasetId) {
    const message = `'${from.name}' was trained on '${from.run!.datasetName}', '${to.name}' on '${to.run.datasetName}'.`
    throw new StudioError('run/different-datasets', message, { a, b })
  }
  const { datasetId } = from.run!
  const startable = await assertStartable(context, datasetId, from.config)
  const other = await assertStartable(context, datasetId, to.config)
  const backbones = new Map([startable.backbone, other.backbone].map((each): [string, Backbone] => [each.id, each]))
  const images = await context.store.datasets.trainingImages(datasetId)
  const classes = startable.classes.map(({ name }) => name)
  return { a: from, b: to, grounds: { dataset: startable.dataset, classes, images, backbones } }
}

async function endedRun({ store }: RunContext, runId: string): Promise<Run> {
  const run = await store.runs.get(runId)
  if (!run) throw new StudioError('run/not-found', `There is no run '${runId}'.`, { runId })
  if (run.imported) throw new StudioError('explain/imported', `'${run.name}' was trained elsewhere.`, { runId })
  if (!isSettled(run.state)) throw new StudioError('explain/not-ended', `'${run.name}' is ${run.state}.`, { runId })
  return run
}

const sideOf = (run: Run): Side => ({ id: run.id, name: run.name, config: run.config, run })

/** In the run's own mode and with its seed, so that neither is a difference. */
async function bestPractice(context: RunContext, { datasetId, config }: Run): Promise<Side> {
  const { mode, seed } = config
  const recommendation = await recommend(context, { datasetId, mode, preset: 'default' })
  return { id: BEST_PRACTICE, name: 'best practice', config: { ...recommendation.config, seed }, run: null }
}

/** Its own seed first, so that the first pair of ends is the two runs as they were. */
export function seedsOf(a: Side, b: Side, count: number): number[] {
  const seeds = new Set([a.config.seed, b.config.seed])
  for (let seed = a.config.seed + 1; seeds.size < count; seed++) seeds.add(seed % 2 ** 31)
  return [...seeds].slice(0, count)
}
