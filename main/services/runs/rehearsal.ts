/** The job of a worker that tries a configuration out without a run. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TrainingConfig } from '@shared/domain/training-config'
import type { TrainJob } from '@shared/worker-protocol/train'
import type { RunContext } from './context'
import type { Startable } from './preflight'

/** @param name begins the name of its folder, which is the caller's to remove */
export async function rehearsalJob(
  { compute, paths, store }: Pick<RunContext, 'compute' | 'paths' | 'store'>,
  { dataset, classes, backbone }: Startable,
  config: TrainingConfig,
  name: string
): Promise<TrainJob> {
  const directory = await mkdtemp(join(tmpdir(), `${name}-`))
  return {
    runId: name,
    directory,
    backbonesDirectories: paths.backbones,
    featureCacheDirectory: paths.featureCache,
    decodedDirectory: paths.decoded,
    datasetRoot: dataset.root,
    classes: classes.map((label) => label.name),
    images: await store.datasets.trainingImages(dataset.id),
    config,
    contract: config.contract ?? backbone.contract,
    runtime: compute.runtime(),
    fallback: compute.report().why,
    threads: compute.report().cpu.threads,
    datasetHash: dataset.contentHash,
    checkpoints: { directory: join(directory, 'checkpoints'), resume: false, everySeconds: 0 }
  }
}
