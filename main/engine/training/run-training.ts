/**
 * One run, from its job to its files: the backbone and what computes, features, the head, fine-tuning if it is asked for, the
 * test, the checkpoint. Tells how it goes by messages; its result is the last of them.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LiveFinding } from '@shared/domain/live-finding'
import { StudioError, toErrorData, type ErrorData } from '@shared/errors'
import type { LabelledImage, TrainJob, TrainMessage } from '@shared/worker-protocol/train'
import { listBlocks } from '../backbones/blocks'
import { layersOf, type LoadedBackbone } from '../backbones/load-backbone'
import { extractManyFeatures, type ManyFeatures } from '../data/features'
import type { Quantization } from '../data/quantization'
import type { ExecutorChoice } from '../executors/choose'
import { foldTop, scoresOf, topOf, type DenseLayer } from './backbone-top'
import { consistent } from '../diagnosis/live/contradictions'
import { LiveMonitor } from '../diagnosis/live/monitor'
import { CHECKPOINT_FILE, PREDICTIONS_FILE } from './checkpoint'
import type { FineTuneResult } from './finetune-contract'
import { reportFindings, saveRun, testRun } from './finish-run'
import { finishedQuantization, openQuantization } from './frozen-precision'
import { findHeadRuntime, type HeadRuntime } from './head-sessions'
import { openBackbone, openExecutors } from './open-parts'
import { Outbox, type SendMessage } from './outbox'
import { PhaseRecorder, type RunBooks } from './phase-recorder'
import { environmentOf } from './run-environment'
import { RunCheckpoints, type Handed, type RunFacts } from './resume/run-checkpoints'
import { identityOf } from './resume/run-state'
import { splitFeatures } from './run-data'
import { brokenBy } from './broken-by'
import { readStart, rescue, withTensors, type Start } from './start-from'
import { trainHead } from './train-head'
import { scoreHead, untrainedHead } from './untrained-head'
import { whenAborted } from './when-aborted'

export type FinishedMessage = Extract<TrainMessage, { type: 'finished' }>

type Splits = ReturnType<typeof splitFeatures>

interface TrainParts {
  backbone: LoadedBackbone
  executors: ExecutorChoice
  runtime: HeadRuntime
  top: DenseLayer | null
  splits: Splits
  /** Weights of another run to begin from. */
  start: Start | null
}

/**
 * @param report gets every message but the last, which is the result
 * @param stop aborted: ends after the step it is in, tests the best weights so far and keeps them
 * @param pause aborted: ends after the step it is in, with a checkpoint to go on from; no test, no weights
 * @throws StudioError config/invalid, runtime/not-ready, runtime/failed, backbone/*, dataset/empty-split, dataset/empty-class, run/diverged,
 *   run/dataset-changed, run/backbone-changed, run/not-resumable, device/no-executor. Metrics up to then have been reported.
 */
export async function runTraining(
  job: TrainJob,
  report: SendMessage,
  stop: AbortSignal,
  pause: AbortSignal = new AbortController().signal
): Promise<FinishedMessage> {
  const outbox = new Outbox(report)
  try {
    return await new TrainingRun(job, outbox, stop, pause).run()
  } finally {
    outbox.flush()
  }
}

class TrainingRun {
  private readonly beganAt = performance.now()
  private readonly unreadable = new Map<number, { path: string; error: ErrorData }>()
  /** Ends the loop that is going on, to stop or to pause. */
  private readonly halt = new AbortController()
  private readonly seconds = { features: 0, train: 0 }
  private trainAt: number | null = null
  private extracted: ManyFeatures | null = null
  private quantization: Quantization | null = null
  private checkpoints!: RunCheckpoints
  private books!: RunBooks
  private monitor: LiveMonitor | null = null
  /** What the doctor finds now. */
  private findings: LiveFinding[] = []
  /** The best weights so far of a fine-tune, should it go wrong. */
  private rescued: Handed | null = null

  constructor(
    private readonly job: TrainJob,
    private readonly outbox: Outbox,
    private readonly stop: AbortSignal,
    private readonly pause: AbortSignal
  ) {
    whenAborted(stop, () => this.halt.abort())
  }

  async run(): Promise<FinishedMessage> {
    try {
      return await this.work()
    } catch (error) {
      const finding = brokenBy(error, this.rescued ? 'finetune' : 'head', this.job.config)
      if (finding) this.outbox.setFindings(consistent([finding, ...this.findings]))
      throw error
    } finally {
      this.extracted?.close()
    }
  }

  private async work(): Promise<FinishedMessage> {
    const { job, outbox } = this
    if (job.config.mode === 'finetune' && !job.runtime) {
      throw new StudioError('runtime/not-ready', 'Fine-tuning needs TensorFlow, which is not prepared yet.')
    }
    await mkdir(job.directory, { recursive: true })
    outbox.setProgress({ phase: 'load', done: 0, total: 1, etaSeconds: null, imagesPerSecond: null })
    const backbone = await openBackbone(job)
    const top = job.config.head.input === 'logits' ? topOf(backbone) : null
    const executors = await openExecutors(job, backbone)
    const headRuntime = findHeadRuntime()
    const identity = identityOf(job, backbone.info.weightsHash)
    outbox.send({ type: 'environment', environment: environmentOf(job, executors, headRuntime, identity) })
    this.checkpoints = await RunCheckpoints.open({
      job,
      identity,
      outbox,
      facts: () => this.facts(),
      onPaused: () => this.halt.abort()
    })

    const featuresAt = performance.now()
    this.quantization = await openQuantization(job, backbone, executors.frozen)
    this.extracted = await this.extract(backbone, executors)
    this.seconds.features = secondsSince(featuresAt)
    if (!this.extracted) return this.finished(this.stop.aborted ? 'stopped' : 'paused')
    const splits = splitFeatures(job.images, this.extracted, new Set(this.unreadable.keys()), job.classes)
    this.books = this.openBooks(splits.validation.images, this.extracted)
    whenAborted(this.pause, () => this.checkpoints.pause())

    const { start, finding } = await readStart(job, backbone.info.weightsHash)
    // Its bounds are those of the backbone as it was.
    if (start && start.weights.tensors.size > 0) this.quantization = null
    if (finding && !this.checkpoints.restored) outbox.send({ type: 'finding', finding })
    const trained = await this.train({ backbone, executors, runtime: headRuntime, top, splits, start })
    if (trained === 'paused') return this.finished('paused')
    if (!trained) return this.finished('stopped')
    const quantization = finishedQuantization(this.quantization, backbone, job, trained.weights)
    const predictions = await testRun({
      job,
      outbox,
      backbone,
      executor: executors.frozen,
      runtime: headRuntime,
      weights: trained.weights,
      quantization,
      held: splits
    })
    for (const { id, path, error } of predictions.failed) this.unreadable.set(id, { path, error })
    await saveRun(job, backbone, trained, predictions, quantization)
    reportFindings(job, outbox, this.books, [...this.unreadable.values()])
    return this.finished(this.stop.aborted ? 'stopped' : 'completed', true)
  }

  /** The phases, from the beginning or from a checkpoint. Null when it was stopped before its first step. */
  private async train(parts: TrainParts): Promise<Handed | 'paused' | null> {
    const { job, checkpoints } = this
    const { backbone, executors, splits } = parts
    const fineTunes = job.config.mode === 'finetune'
    this.trainAt = performance.now()
    let trained = checkpoints.restored?.handed ?? null
    if (!trained) {
      trained = await this.beginWithHead(parts, fineTunes)
      await checkpoints.settled()
      if (this.hasPaused()) return 'paused'
      if (trained && fineTunes && !this.stop.aborted) {
        const wantsPause = checkpoints.pausing
        const saved = await checkpoints.beginPhase('finetune', trained, wantsPause ? 'pause' : 'phase')
        if (wantsPause && saved) return 'paused'
      }
    }
    if (trained && fineTunes && !this.stop.aborted && checkpoints.restored?.state.phase !== 'evaluate') {
      trained = await this.fineTune(backbone, executors, trained, [...splits.train.images, ...splits.validation.images])
      await checkpoints.settled()
      if (this.hasPaused()) return 'paused'
      // The test of a changed backbone takes its time: a crash in it must not cost the last epochs.
      await checkpoints.beginPhase('evaluate', trained)
    }
    this.seconds.train = this.trainSeconds()
    this.trainAt = null
    return trained
  }

  /** A stop that came while a pause was being written has the last word. */
  private hasPaused(): boolean {
    return this.checkpoints.paused !== null && !this.stop.aborted
  }

  private async beginWithHead(parts: TrainParts, fineTunes: boolean): Promise<Handed | null> {
    const { config, classes } = this.job
    const { runtime, splits, start } = parts
    if (fineTunes && start) return { weights: start.weights, kept: { ...start.kept, epoch: 0 } }
    if (!fineTunes || config.fineTune.headFirst) return this.trainHead(parts)
    const head = untrainedHead(splits.train.features, classes.length, config)
    const kept = await scoreHead(runtime, head, splits.validation)
    return { weights: { head, tensors: new Map() }, kept }
  }

  /** For a checkpoint. */
  private facts(): RunFacts {
    const { steps, epochs, best, points, startedAt } = this.books
    return {
      elapsedMs: performance.now() - startedAt,
      trainMs: this.trainSeconds() * 1000,
      featureSeconds: this.featureSeconds(),
      books: { steps, epochs, best },
      points,
      unreadable: [...this.unreadable].map(([id, { path, error }]) => ({ id, path, error }))
    }
  }

  /** Over all the times the run was worked at. */
  private trainSeconds(): number {
    const before = (this.checkpoints.restored?.state.trainMs ?? 0) / 1000
    return this.trainAt === null ? this.seconds.train : before + secondsSince(this.trainAt)
  }

  private featureSeconds(): number {
    return (this.checkpoints.restored?.state.featureSeconds ?? 0) + this.seconds.features
  }

  /** Null when it was stopped before the last image. */
  private async extract(backbone: LoadedBackbone, { frozen }: ExecutorChoice): Promise<ManyFeatures | null> {
    const { job, outbox, pause } = this
    const isLast = job.config.mode === 'head'
    const cut = new AbortController()
    // A run that was stopped while it rested has weights to test, for which it needs its features.
    if (!this.checkpoints.restored) whenAborted(this.stop, () => cut.abort())
    whenAborted(pause, () => cut.abort())
    const { signal } = cut
    try {
      const extracted = await extractManyFeatures({
        images: job.images,
        root: job.datasetRoot,
        contract: job.contract,
        backbone,
        executor: frozen,
        cacheDirectory: job.featureCacheDirectory,
        quantization: this.quantization,
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

  private openBooks(validation: LabelledImage[], { computed }: Pick<ManyFeatures, 'computed'>): RunBooks {
    const held = this.job.images.filter(({ split }) => split !== 'train').length
    // A changed backbone sees validation and test once more; a head's test takes no time.
    const perImage = computed >= 32 ? this.seconds.features / computed : null
    const secondsAfter = this.job.config.mode === 'head' ? 0 : perImage === null ? 0 : held * perImage
    const { restored } = this.checkpoints
    for (const { id, path, error } of restored?.state.unreadable ?? []) this.unreadable.set(id, { path, error })
    return {
      outbox: this.outbox,
      startedAt: this.beganAt - (restored?.state.elapsedMs ?? 0),
      points: restored?.points ?? [],
      classes: this.job.classes,
      validation,
      secondsAfter,
      ...(restored?.state.books ?? { steps: 0, epochs: 0, best: null }),
      onUnreadable: ({ id, path }, error) => this.unreadable.set(id, { path, error: toErrorData(error) })
    }
  }

  private async trainHead({ runtime, top, splits, start }: TrainParts): Promise<Handed | null> {
    const { config, classes } = this.job
    const { train, validation } = splits
    const recorder = this.recorder('head', config.mode === 'head')
    const result = await trainHead({
      runtime,
      train: top ? await scoresOf(runtime, train.features, top) : train.features,
      validation: top ? await scoresOf(runtime, validation.features, top) : validation.features,
      classes: classes.length,
      config,
      reporter: recorder,
      signal: this.halt.signal,
      images: { train: train.images, validation: validation.images },
      ...(start && { initial: start.weights.head }),
      ...this.checkpoints.loop('head', recorder, null)
    })
    this.monitor?.look()
    if (!result) return null
    const head = top ? await foldTop(runtime, result.head, top) : result.head
    return { weights: { head, tensors: new Map() }, kept: result.kept }
  }

  private async fineTune(
    backbone: LoadedBackbone,
    { frozen }: ExecutorChoice,
    handed: Handed,
    images: LabelledImage[]
  ): Promise<Handed> {
    const { job } = this
    // Loaded here only: a head trains without TensorFlow.
    const { fineTune } = await import('./finetune/index')
    const recorder = this.recorder('finetune', true)
    const { firstEpoch } = recorder
    const { weights, kept } = handed
    this.rescued = handed
    const graph = withTensors(layersOf(backbone, 'Fine-tuning'), weights.tensors)
    const handedOn = (result: FineTuneResult): Handed => {
      const { best, head } = result
      // What another run had changed before stays changed, whether or not this one goes on changing it.
      const tensors = new Map([...weights.tensors, ...result.tensors])
      return {
        weights: { head, tensors },
        kept: best.epoch === 0 ? kept : { ...best, epoch: firstEpoch + best.epoch }
      }
    }
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
      frozenRanges: this.quantization?.ranges,
      reporter: recorder,
      signal: this.halt.signal,
      onFailed: (best) => (this.rescued = handedOn(best)),
      ...this.checkpoints.loop('finetune', recorder, handed)
    }).catch((error: unknown) => rescue(error, job, backbone.info.weightsHash, this.rescued))
    this.monitor?.look()
    return handedOn(result)
  }

  private recorder(phase: 'head' | 'finetune', isLast: boolean): PhaseRecorder {
    const { config, classes } = this.job
    const state = this.checkpoints.restored?.state
    const tell = (findings: LiveFinding[]): void => {
      this.findings = findings
      this.outbox.setFindings(findings)
    }
    // What was wrong with the phase before is over with it.
    if (this.findings.length > 0) tell([])
    this.monitor = new LiveMonitor({ phase, config, classes: classes.length, tell })
    return new PhaseRecorder(phase, this.books, isLast, state?.phase === phase ? state.recorder : null, this.monitor)
  }

  private finished(outcome: FinishedMessage['outcome'], saved = false): FinishedMessage {
    const { job, checkpoints, books, extracted } = this
    const { directory } = job
    const { epochs: epochsDone, best } = books ?? checkpoints.restored?.state.books ?? { epochs: 0, best: null }
    return {
      type: 'finished',
      outcome,
      checkpoint: outcome === 'paused' ? (checkpoints.paused ?? checkpoints.restored?.state.mark ?? null) : null,
      epochsDone,
      best,
      seconds: { features: this.featureSeconds(), train: this.trainSeconds() },
      features: { cached: extracted?.cached ?? 0, computed: extracted?.computed ?? 0 },
      predictionsFile: saved ? join(directory, PREDICTIONS_FILE) : null,
      checkpointFile: saved ? join(directory, CHECKPOINT_FILE) : null
    }
  }
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000
