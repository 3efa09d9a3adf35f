/** What a train worker is given: everything about one run, as one JSON file in the run's folder. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import type { Backbone } from '@shared/domain/backbone'
import type { Dataset, DatasetClass } from '@shared/domain/dataset'
import { SPLITS } from '@shared/domain/dataset'
import type { Run } from '@shared/domain/run'
import type { TrainJob } from '@shared/worker-protocol/train'
import type { TrainingImage } from '../../store/store'
import type { Compute, RunPaths } from './context'

export interface RunData {
  dataset: Dataset
  classes: DatasetClass[]
}

/**
 * Checks that a dataset can be trained on.
 *
 * @throws StudioError dataset/busy, dataset/one-class, dataset/empty-split
 */
export function assertTrainable({ dataset, classes }: RunData): void {
  if (dataset.state !== 'ready') {
    throw new StudioError('dataset/busy', `'${dataset.name}' is still being imported.`, { datasetId: dataset.id })
  }
  if (classes.length < 2) {
    throw new StudioError('dataset/one-class', `'${dataset.name}' has ${classes.length} label.`, {
      datasetId: dataset.id
    })
  }
  for (const split of SPLITS) {
    if (classes.some((label) => label[split] > 0)) continue
    throw new StudioError('dataset/empty-split', `The ${split} split of '${dataset.name}' has no images.`, {
      datasetId: dataset.id,
      split
    })
  }
}

export interface TrainJobParts {
  run: Run
  dataset: Dataset
  images: TrainingImage[]
  backbone: Backbone
  compute: Compute
  paths: RunPaths
  /** Go on from the run's newest checkpoint. */
  resume: boolean
  /** See `TrainJob`. */
  startFrom?: TrainJob['startFrom']
}

/** What a crash may cost. */
const CHECKPOINT_SECONDS = 10

export function buildTrainJob(parts: TrainJobParts): TrainJob {
  const { run, dataset, images, backbone, compute, paths, resume, startFrom } = parts
  return {
    runId: run.id,
    directory: runDirectory(paths, run.id),
    backbonesDirectories: paths.backbones,
    featureCacheDirectory: paths.featureCache,
    decodedDirectory: paths.decoded,
    datasetRoot: dataset.root,
    classes: run.classes,
    images,
    config: run.config,
    contract: run.config.contract ?? backbone.contract,
    runtime: compute.runtime(),
    fallback: compute.report().why,
    threads: compute.report().cpu.threads,
    datasetHash: run.datasetHash,
    ...(startFrom && { startFrom }),
    checkpoints: {
      directory: checkpointDirectory(paths, run.id),
      resume,
      everySeconds: CHECKPOINT_SECONDS
    }
  }
}

export const runDirectory = (paths: RunPaths, runId: string): string => join(paths.runs, runId)

/** Of a run that is not at its end; empty afterwards. */
export const checkpointDirectory = (paths: RunPaths, runId: string): string =>
  join(runDirectory(paths, runId), 'checkpoints')

/** @returns the path of job.json */
export async function writeTrainJob(job: TrainJob): Promise<string> {
  await mkdir(job.directory, { recursive: true })
  const file = join(job.directory, 'job.json')
  await writeFile(file, JSON.stringify(job))
  return file
}
