/** A range test as a job of the train worker: what a run with this configuration would do first, at rates that climb. */
import type { RangeTest } from '@shared/domain/range-test'
import { StudioError } from '@shared/errors'
import type { TrainJob, TrainMessage } from '@shared/worker-protocol/train'
import { listBlocks } from '../../backbones/blocks'
import { assertTrainable, atInputSize, layersOf, loadBackbone } from '../../backbones/load-backbone'
import { extractManyFeatures } from '../../data/features'
import { chooseExecutors } from '../../executors/choose'
import { foldTop, scoresOf, topOf } from '../backbone-top'
import { openQuantization } from '../frozen-precision'
import { findHeadRuntime } from '../head-sessions'
import type { SendMessage } from '../outbox'
import { splitFeatures } from '../run-data'
import { trainHead } from '../train-head'
import { untrainedHead } from '../untrained-head'
import { headRange } from './head-range'
import { RANGE_STEPS, RangeRecorder } from './range-recorder'

type Told = Extract<TrainMessage, { type: 'progress' }>['progress']

const TELL_EVERY_MS = 100
const SILENT = { onStart: () => undefined, onStep: () => undefined, onEpoch: () => undefined }

/**
 * @param send gets progress and the curve as it grows; `runId`, `directory` and `checkpoints` of the job are not used
 * @param signal aborted: ends after the step it is in
 * @returns the test; of one that was stopped, as far as it came
 * @throws StudioError config/invalid for a head that has no learning rate; what a run's start throws
 */
export async function runRangeTest(job: TrainJob, send: SendMessage, signal: AbortSignal): Promise<RangeTest> {
  const { config, classes } = job
  const fineTunes = config.mode === 'finetune'
  if (!fineTunes && config.head.method === 'lbfgs') throw noRate()
  if (fineTunes && !job.runtime) {
    throw new StudioError('runtime/not-ready', 'Fine-tuning needs TensorFlow, which is not prepared yet.')
  }
  const recorder = new RangeRecorder()
  const tell = (phase: Told['phase'], done: number, total: number): void =>
    send({ type: 'progress', progress: { phase, done, total, etaSeconds: null, imagesPerSecond: null } })
  tell('load', 0, 1)
  const loaded = await loadBackbone(job.backbonesDirectories, config.backboneId)
  if (fineTunes) assertTrainable(loaded)
  const backbone = atInputSize(loaded, job.contract.size)
  const top = config.head.input === 'logits' ? topOf(backbone) : null
  const { runtime, threads } = job
  const { form } = backbone.info
  const choice = { runtime, threads, form, graph: backbone.features, needsTraining: fineTunes }
  const { frozen } = await chooseExecutors(choice)
  const headRuntime = findHeadRuntime()
  const unreadable = new Set<number>()
  const quantization = await openQuantization(job, backbone, frozen)
  const extracted = await extractManyFeatures({
    images: job.images,
    root: job.datasetRoot,
    contract: job.contract,
    backbone,
    executor: frozen,
    cacheDirectory: job.featureCacheDirectory,
    quantization,
    signal,
    onProgress: ({ done, total }) => tell('features', done, total)
  })
  for (const { id } of extracted.failed) unreadable.add(id)
  try {
    const { train, validation } = splitFeatures(job.images, extracted, unreadable, classes)
    const features = top ? await scoresOf(headRuntime, train.features, top) : train.features

    const phase = fineTunes ? 'finetune' : 'head'
    let toldAt = 0
    const onStep = (done: number): void => {
      if (performance.now() - toldAt < TELL_EVERY_MS) return
      toldAt = performance.now()
      tell(phase, done, RANGE_STEPS)
      send({ type: 'range-test', test: recorder.result() })
    }
    if (!fineTunes) {
      await headRange({
        runtime: headRuntime,
        train: features,
        classes: classes.length,
        config,
        recorder,
        onStep,
        signal
      })
      return recorder.result()
    }

    tell('head', 0, 1)
    const heldOut = top ? await scoresOf(headRuntime, validation.features, top) : validation.features
    const trained = config.fineTune.headFirst
      ? await trainHead({
          runtime: headRuntime,
          train: features,
          validation: heldOut,
          classes: classes.length,
          config,
          reporter: SILENT,
          signal
        })
      : null
    if (signal.aborted) return recorder.result()
    const head = trained
      ? top
        ? await foldTop(headRuntime, trained.head, top)
        : trained.head
      : untrainedHead(train.features, classes.length, config)
    const graph = layersOf(backbone, 'Fine-tuning')
    // Loaded here only: a head learns without TensorFlow.
    const { fineTuneRange } = await import('../finetune/range-test')
    await fineTuneRange(
      {
        runtime: job.runtime!,
        threads,
        graph,
        blocks: listBlocks(graph),
        head,
        start: { epoch: 0, validationLoss: Infinity, validationAccuracy: 0 },
        config,
        contract: job.contract,
        images: [...train.images, ...validation.images],
        datasetRoot: job.datasetRoot,
        decodedDirectory: job.decodedDirectory,
        executor: frozen,
        reporter: { ...SILENT, onUnreadable: () => undefined },
        signal
      },
      recorder,
      onStep
    )
    return recorder.result()
  } finally {
    extracted.close()
  }
}

const noRate = (): StudioError =>
  new StudioError(
    'config/invalid',
    "The setting 'head.method' is not valid for a range test: a head by L-BFGS has no learning rate. Set it to 'gradient'.",
    { key: 'head.method' }
  )
