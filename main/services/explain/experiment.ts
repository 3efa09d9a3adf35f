/** One experiment: a training that is no run, in a train worker of its own, and what it got right on the test images. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backbone } from '@shared/domain/backbone'
import { SPLITS, type Dataset } from '@shared/domain/dataset'
import type { RunProgress } from '@shared/domain/run'
import { flattenConfig, type TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import { decodeSafetensors } from '@shared/formats/safetensors'
import { argMax } from '@shared/statistics/classification'
import type { TrainJob, TrainMessage } from '@shared/worker-protocol/train'
import type { TrainingImage } from '../../store/store'
import type { LastMessageFrom } from '../../supervisor/protocols'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { RunContext } from '../runs/context'
import { writeTrainJob } from '../runs/train-job'
import { isRead } from './factor-table'

/** Grows when the same job would give another result. */
const ENGINE = 1
/** A step of fine-tuning a large backbone takes its time; what is stopped is thrown away. */
const STOP_GRACE_MS = 5000

/** What all experiments of an explanation are made on. */
export interface Grounds {
  dataset: Dataset
  classes: readonly string[]
  images: readonly TrainingImage[]
  backbones: ReadonlyMap<string, Backbone>
}

export interface ExperimentResult {
  /** Of each test image in the order of `testImages`. */
  correct: Uint8Array
  seconds: number
  /** Features that had to be computed, and how long that took. */
  features: { computed: number; seconds: number }
  diverged: boolean
}

/** In an order that does not depend on the training: by path, then content. */
export function testImages({ images }: Pick<Grounds, 'images'>): TrainingImage[] {
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return images.filter(({ split }) => split === 'test').sort((a, b) => order(a.path, b.path) || order(a.hash, b.hash))
}

/** SHA-256 of all that the result follows from. */
export function experimentId(config: TrainingConfig, { dataset, backbones }: Grounds): string {
  const backbone = backbones.get(config.backboneId)!
  const settings = flattenConfig({ ...config, contract: config.contract ?? backbone.contract })
  // The recipe's name changes nothing.
  const read = Object.entries(settings).filter(([key]) => key !== 'preset' && isRead(key, config))
  read.sort(([a], [b]) => (a < b ? -1 : 1))
  const parts = [ENGINE, dataset.contentHash, backbone.weightsHash, read]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/**
 * Trains and tests. A loss that is no number any more is a result too: it counts as naming the most frequent class every time.
 *
 * @throws StudioError job/cancelled when it was stopped, worker/crashed, and what the engine refuses
 */
export async function runExperiment(
  context: RunContext,
  grounds: Grounds,
  config: TrainingConfig,
  signal: AbortSignal,
  onProgress: (progress: RunProgress) => void
): Promise<ExperimentResult> {
  const job = await prepareJob(context, grounds, config)
  const startedAt = performance.now()
  try {
    const last = await converse(context, job, signal, onProgress)
    if (signal.aborted || last.outcome !== 'completed' || !last.predictionsFile) throw cancelled()
    const { features, seconds } = last
    return {
      correct: await readOutcomes(last.predictionsFile, grounds),
      seconds: seconds.train,
      features: { computed: features.computed, seconds: seconds.features },
      diverged: false
    }
  } catch (error) {
    if (!(error instanceof StudioError) || error.code !== 'run/diverged') throw error
    const seconds = (performance.now() - startedAt) / 1000
    return { correct: guesses(grounds), seconds, features: { computed: 0, seconds: 0 }, diverged: true }
  } finally {
    await rm(job.directory, { recursive: true, force: true }).catch(() => undefined)
  }
}

const cancelled = (): StudioError => new StudioError('job/cancelled', 'The experiment was stopped.')

async function prepareJob(
  { compute, paths }: RunContext,
  { dataset, classes, images, backbones }: Grounds,
  config: TrainingConfig
): Promise<TrainJob> {
  await compute.known()
  const directory = await mkdtemp(join(tmpdir(), 'experiment-'))
  const { cpu, why } = compute.report()
  return {
    runId: 'experiment',
    directory,
    backbonesDirectories: paths.backbones,
    featureCacheDirectory: paths.featureCache,
    decodedDirectory: paths.decoded,
    datasetRoot: dataset.root,
    classes: [...classes],
    images: [...images],
    config,
    contract: config.contract ?? backbones.get(config.backboneId)!.contract,
    runtime: compute.runtime(),
    fallback: why,
    threads: cpu.threads,
    datasetHash: dataset.contentHash,
    checkpoints: { directory: join(directory, 'checkpoints'), resume: false, everySeconds: 3600 }
  }
}

async function converse(
  { host }: RunContext,
  job: TrainJob,
  signal: AbortSignal,
  onProgress: (progress: RunProgress) => void
): Promise<LastMessageFrom<'train'>> {
  const jobFile = await writeTrainJob(job)
  if (signal.aborted) throw cancelled()
  const worker = new WorkerConversation(host, 'train', (message: TrainMessage) => {
    if (message.type === 'progress') onProgress(message.progress)
  })
  const stop = (): void => worker.stop({ type: 'stop' }, STOP_GRACE_MS)
  signal.addEventListener('abort', stop, { once: true })
  try {
    worker.send({ type: 'start', jobFile })
    return await worker.ended
  } catch (error) {
    throw signal.aborted ? cancelled() : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function readOutcomes(file: string, grounds: Grounds): Promise<Uint8Array> {
  const { tensors } = decodeSafetensors(await readFile(file))
  const [imageIds, splits, truths, probabilities] = ['imageId', 'split', 'truth', 'probabilities'].map((name) => {
    const data = tensors.get(name)?.data
    if (!data) throw new StudioError('internal', `The predictions of an experiment have no '${name}'.`)
    return data
  })
  const width = grounds.classes.length
  const test = SPLITS.indexOf('test')
  const right = new Set<number>()
  for (let row = 0; row < imageIds!.length; row++) {
    if (splits![row] === test && argMax(probabilities as Float32Array, row * width, width) === truths![row]) {
      right.add(Number(imageIds![row]))
    }
  }
  return Uint8Array.from(testImages(grounds), ({ id }) => (right.has(id) ? 1 : 0))
}

/** A model whose weights are no numbers knows nothing but which class is the most frequent. */
function guesses(grounds: Grounds): Uint8Array {
  const counts = new Map<number, number>()
  for (const { classIndex, split } of grounds.images) {
    if (split === 'train') counts.set(classIndex, (counts.get(classIndex) ?? 0) + 1)
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0] ?? [0]
  return Uint8Array.from(testImages(grounds), ({ classIndex }) => (classIndex === most ? 1 : 0))
}
