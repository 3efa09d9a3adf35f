/**
 * One run, from its job to its files: the backbone and what computes, features, the head, fine-tuning if it is asked for, the
 * test, the checkpoint. Tells how it goes by messages; its result is the last of them.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunEnvironment } from '@shared/domain/run'
import { StudioError, toErrorData, type ErrorData } from '@shared/errors'
import type { LabelledImage, TrainJob, TrainMessage } from '@shared/worker-protocol/train'
import { listBlocks } from '../backbones/blocks'
import { assertTrainable, atInputSize, layersOf, loadBackbone, type LoadedBackbone } from '../backbones/load-backbone'
import { extractFeatures, type ExtractedFeatures } from '../data/features'
import { chooseExecutors, type ExecutorChoice } from '../executors/choose'
import { foldTop, scoresOf, topOf, type DenseLayer } from './backbone-top'
import { CHECKPOINT_FILE, PREDICTIONS_FILE, writeCheckpoint, writePredictions, type TrainedWeights } from './checkpoint'
import { predictFeatures, predictImages, type Predictions } from './evaluate'
import type { BestEpoch } from './finetune-contract'
import { findHeadRuntime, type HeadRuntime } from './head-sessions'
import { Outbox, type SendMessage } from './outbox'
import { PhaseRecorder, type RunBooks } from './phase-recorder'
import { notLearningFinding, splitFeatures, unreadableFinding } from './run-data'
import { trainHead } from './train-head'

export type FinishedMessage = Extract<TrainMessage, { type: 'finished' }>

/**
 * @param report gets every message but the last, which is the result
 * @param signal aborted: ends after the step it is in, tests the best weights so far and keeps them
 * @throws StudioError config/invalid, runtime/not-ready, runtime/failed, backbone/*, dataset/empty-split, dataset/empty-class, run/diverged,
 *   device/no-executor. Metrics up to then have been reported.
 */
export async function runTraining(job: TrainJob, report: SendMessage, signal: AbortSignal): Promise<FinishedMessage> {
  const outbox = new Outbox(report)
  try {
    return await new TrainingRun(job, outbox, signal).run()
  } finally {
    outbox.flush()
  }
}

/** What a phase hands on. */
interface Trained {
  weights: TrainedWeights
  kept: BestEpoch
}

class TrainingRun {
  private readonly startedAt = performance.now()
  private readonly unreadable = new Map<number, { path: string; error: ErrorData }>()
  private books!: RunBooks

  constructor(
    private readonly job: TrainJob,
    private readonly outbox: Outbox,
    private readonly signal: AbortSignal
  ) {}

  async run(): Promise<FinishedMessage> {
    const { job, outbox, signal } = this
    if (job.config.mode === 'finetune' && !job.runtime) {
      throw new StudioError('runtime/not-ready', 'Fine-tuning needs TensorFlow, which is not prepared yet.')
    }
    await mkdir(job.directory, { recursive: true })
    outbox.setProgress({ phase: 'load', done: 0, total: 1, etaSeconds: null, imagesPerSecond: null })
    const backbone = await this.loadBackbone()
    const top = job.config.head.input === 'logits' ? topOf(backbone) : null
    const executors = await this.chooseExecutors(backbone)
    const headRuntime = findHeadRuntime()
    outbox.send({ type: 'environment', environment: environmentOf(job, executors, headRuntime) })

    const featuresAt = performance.now()
    const extracted = await this.extract(backbone, executors)
    if (!extracted) return this.finished('stopped', { features: secondsSince(featuresAt), train: 0 }, null)
    const seconds = { features: secondsSince(featuresAt), train: 0 }
    const splits = splitFeatures(job.images, extracted, new Set(this.unreadable.keys()), job.classes)
    this.books = this.openBooks(splits.validation.images, extracted, seconds.features)

    const trainAt = performance.now()
    let trained = await this.trainHead(headRuntime, top, splits)
    if (trained && job.config.mode === 'finetune' && !signal.aborted) {
      trained = await this.fineTune(backbone, executors, trained, [...splits.train.images, ...splits.validation.images])
    }
    seconds.train = secondsSince(trainAt)
    if (!trained) return this.finished('stopped', seconds, extracted)

    const { weights, kept } = trained
    const held = { validation: splits.validation, test: splits.test }
    const predictions = await this.predict(backbone, executors, headRuntime, weights, held)
    await this.save(backbone, weights, kept, predictions)
    this.reportFindings()
    return this.finished(signal.aborted ? 'stopped' : 'completed', seconds, extracted, true)
  }

  /** Its features at the size of the contract in force, which need not be its own. */
  private async loadBackbone(): Promise<LoadedBackbone> {
    const { backbonesDirectories, config, contract } = this.job
    const backbone = await loadBackbone(backbonesDirectories, config.backboneId)
    if (config.mode === 'finetune') assertTrainable(backbone)
    return atInputSize(backbone, contract.size)
  }

  private async chooseExecutors(backbone: LoadedBackbone): Promise<ExecutorChoice> {
    const { runtime, threads, config } = this.job
    const needsTraining = config.mode === 'finetune'
    const executors = await chooseExecutors({
      runtime,
      threads,
      form: backbone.info.form,
      graph: backbone.features,
      needsTraining
    })
    if (needsTraining && !executors.training) {
      const why = executors.reason ?? 'it does not load'
      throw new StudioError('runtime/failed', `Fine-tuning needs TensorFlow, which does not work here: ${why}.`)
    }
    return executors
  }

  /** Null when it was stopped before the last image. */
  private async extract(backbone: LoadedBackbone, { frozen }: ExecutorChoice): Promise<ExtractedFeatures | null> {
    const { job, outbox, signal } = this
    const isLast = job.config.mode === 'head'
    try {
      const extracted = await extractFeatures({
        images: job.images,
        root: job.datasetRoot,
        contract: job.contract,
        backbone,
        executor: frozen,
        cacheDirectory: job.featureCacheDirectory,
        signal,
        onProgress: ({ done, total, imagesPerSecond }) => {
          // A head takes a second or two, which is less than this estimate is off.
          const etaSeconds = isLast && imagesPerSecond ? (total - done) / imagesPerSecond : null
          outbox.setProgress({ phase: 'features', done, total, etaSeconds, imagesPerSecond })
        }
      })
      for (const { id, path, error } of extracted.failed) this.unreadable.set(id, { path, error })
      return extracted
    } catch (error) {
      if (signal.aborted && error instanceof StudioError && error.code === 'job/cancelled') return null
      throw error
    }
  }

  private openBooks(validation: LabelledImage[], { computed }: ExtractedFeatures, featureSeconds: number): RunBooks {
    const held = this.job.images.filter(({ split }) => split !== 'train').length
    // A changed backbone sees validation and test once more; a head's test takes no time.
    const perImage = computed >= 32 ? featureSeconds / computed : null
    const secondsAfter = this.job.config.mode === 'head' ? 0 : perImage === null ? 0 : held * perImage
    return {
      outbox: this.outbox,
      startedAt: this.startedAt,
      classes: this.job.classes,
      validation,
      secondsAfter,
      steps: 0,
      epochs: 0,
      best: null,
      onUnreadable: ({ id, path }, error) => this.unreadable.set(id, { path, error: toErrorData(error) })
    }
  }

  private async trainHead(
    runtime: HeadRuntime,
    top: DenseLayer | null,
    { train, validation }: ReturnType<typeof splitFeatures>
  ): Promise<Trained | null> {
    const { config, classes } = this.job
    const result = await trainHead({
      runtime,
      train: top ? await scoresOf(runtime, train.features, top) : train.features,
      validation: top ? await scoresOf(runtime, validation.features, top) : validation.features,
      classes: classes.length,
      config,
      reporter: new PhaseRecorder('head', this.books, config.mode === 'head'),
      signal: this.signal
    })
    if (!result) return null
    const head = top ? await foldTop(runtime, result.head, top) : result.head
    return { weights: { head, tensors: new Map() }, kept: result.kept }
  }

  private async fineTune(
    backbone: LoadedBackbone,
    { frozen }: ExecutorChoice,
    { weights, kept }: Trained,
    images: LabelledImage[]
  ): Promise<Trained> {
    const { job, books } = this
    // Loaded here only: a head trains without TensorFlow.
    const { fineTune } = await import('./finetune/index')
    const firstEpoch = books.epochs
    const graph = layersOf(backbone, 'Fine-tuning')
    const result = await fineTune({
      runtime: job.runtime!,
      threads: job.threads,
      graph,
      blocks: listBlocks(graph),
      head: weights.head,
      start: { ...kept, epoch: 0 },
      config: job.config,
      contract: job.contract,
      images,
      datasetRoot: job.datasetRoot,
      decodedDirectory: job.decodedDirectory,
      executor: frozen,
      reporter: new PhaseRecorder('finetune', books, true),
      signal: this.signal
    })
    const { best } = result
    return {
      weights: { head: result.head, tensors: result.tensors },
      kept: best.epoch === 0 ? kept : { ...best, epoch: firstEpoch + best.epoch }
    }
  }

  /** Validation and test, by the weights that are kept. */
  private async predict(
    backbone: LoadedBackbone,
    { frozen }: ExecutorChoice,
    runtime: HeadRuntime,
    weights: TrainedWeights,
    { validation, test }: Pick<ReturnType<typeof splitFeatures>, 'validation' | 'test'>
  ): Promise<Predictions> {
    const { job, outbox } = this
    const images = [...validation.images, ...test.images]
    const total = images.length
    const startedAt = performance.now()
    const progress = (done: number): void => {
      const imagesPerSecond = done > 0 ? done / secondsSince(startedAt) : null
      const etaSeconds = imagesPerSecond === null ? null : (total - done) / imagesPerSecond
      outbox.setProgress({ phase: 'evaluate', done, total, etaSeconds, imagesPerSecond })
    }
    progress(0)
    if (weights.tensors.size === 0) return predictFeatures(runtime, weights.head, [validation, test])
    const predictions = await predictImages({
      images,
      datasetRoot: job.datasetRoot,
      contract: job.contract,
      graph: layersOf(backbone, 'A changed backbone'),
      weights,
      executor: frozen,
      onProgress: progress
    })
    for (const { id, path, error } of predictions.failed) this.unreadable.set(id, { path, error })
    return predictions
  }

  private async save(
    { info }: LoadedBackbone,
    weights: TrainedWeights,
    kept: BestEpoch,
    { images, probabilities }: Predictions
  ): Promise<void> {
    const { job } = this
    const source = { weightsHash: info.weightsHash, kept }
    await writePredictions(join(job.directory, PREDICTIONS_FILE), images, probabilities, job.classes.length)
    await writeCheckpoint(join(job.directory, CHECKPOINT_FILE), weights, job, source)
  }

  private reportFindings(): void {
    const { job, books, outbox } = this
    const failed = [...this.unreadable.values()]
    const learningRate = job.config[job.config.mode === 'head' ? 'head' : 'fineTune'].learningRate
    const findings = [
      failed.length > 0 ? unreadableFinding(failed) : null,
      books.best && notLearningFinding(books.best.validationLoss, job.classes.length, learningRate)
    ]
    for (const finding of findings) if (finding) outbox.send({ type: 'finding', finding })
  }

  private finished(
    outcome: FinishedMessage['outcome'],
    seconds: FinishedMessage['seconds'],
    extracted: ExtractedFeatures | null,
    saved = false
  ): FinishedMessage {
    const { directory } = this.job
    return {
      type: 'finished',
      outcome,
      epochsDone: this.books?.epochs ?? 0,
      best: this.books?.best ?? null,
      seconds,
      features: { cached: extracted?.cached ?? 0, computed: extracted?.computed ?? 0 },
      predictionsFile: saved ? join(directory, PREDICTIONS_FILE) : null,
      checkpointFile: saved ? join(directory, CHECKPOINT_FILE) : null
    }
  }
}

function environmentOf(job: TrainJob, { frozen, training, reason }: ExecutorChoice, head: HeadRuntime): RunEnvironment {
  const trains = job.config.mode === 'finetune' && training ? training : head
  const versions: Record<string, string> = { node: process.versions.node, [head.id]: head.version }
  for (const executor of [frozen, training]) if (executor) versions[executor.id] = executor.version
  return {
    frozenExecutor: frozen.id,
    trainingExecutor: trains.id,
    device: 'device' in trains ? trains.device : frozen.device,
    threads: job.threads,
    fallback: reason ?? job.fallback,
    versions,
    hashes: null
  }
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000
