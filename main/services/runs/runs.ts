/** Runs: from the click to the verdict. One training at a time in a process, the others wait their turn in order. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isResting, isSettled, type MetricPoint, type Run, type RunEvent } from '@shared/domain/run'
import { newAnnotations, type IgnoredFinding } from '@shared/domain/run-annotations'
import type { RunAnnotation } from '@shared/domain/run-query'
import type { RangeTestEvent } from '@shared/domain/range-test'
import type { Evaluation, Prediction, PredictionFilter } from '@shared/domain/evaluation'
import { validateConfig } from '@shared/domain/presets'
import type { Recommendation } from '@shared/domain/recommendation'
import type { PresetId, TrainingConfig, TrainingMode } from '@shared/domain/training-config'
import type { Split } from '@shared/domain/dataset'
import { StudioError } from '@shared/errors'
import { CoalescedFeed } from '../streams/coalesced-feed'
import { fitCalibration } from './calibrate'
import type { RunContext } from './context'
import { LiveRun } from './live-run'
import { defaultRunName, newRunId, nextColor } from './naming'
import { assertStartable, estimateRun, rememberFeatures, type RunEstimate } from './preflight'
import { assertResumable } from './resume'
import { rangeTest } from './range-test'
import { recommend } from './recommend'
import { RunNews } from './run-news'
import { RunQueue, type Ending } from './run-queue'
import { noteStart, takeStart, type StartingPoint } from './start-from'
import { watchStoredRun } from './stored-run'
import { RunTableService } from './table'
import { testPredictions, type TestPrediction } from './test-predictions'
import { buildTrainJob, runDirectory, type TrainJobParts } from './train-job'
import { PAUSE_FILE, STOP_FILE, Training, type FeatureCounts } from './training'

export interface StartRun {
  datasetId: string
  /** Made up from backbone and mode when left out. */
  name?: string
  config: TrainingConfig
  /** How long an import just before it took; counted into the run's total. */
  importSeconds?: number
  /** The run that this one was duplicated from. */
  parent?: string | null
  /** Begin with this run's best weights, once it has ended. */
  startFrom?: StartingPoint
  /** Findings of the doctor that the user knows of. */
  ignored?: Pick<IgnoredFinding, 'code' | 'note'>[]
}

export class RunsService {
  readonly table: RunTableService
  private readonly queue: RunQueue
  private readonly counts = new Map<string, FeatureCounts>()
  private readonly news = new RunNews()
  /** Names and colours are chosen from what exists, so that starts come one after the other. */
  private starting: Promise<unknown> = Promise.resolve()

  constructor(private readonly context: RunContext) {
    this.table = new RunTableService(context.store.runs)
    this.queue = new RunQueue({
      settleWaiting: ({ id }, state) => context.store.runs.update(id, { state, endedAt: Date.now() }),
      onSettled: async ({ live: { run }, training }) => {
        if (training.features) this.counts.set(run.id, training.features)
        if (run.state === 'completed') await rememberFeatures(context, run)
        this.news.listChanged()
      }
    })
  }

  /** Settles what former processes left behind. Call it once, before anything else. */
  async open(): Promise<void> {
    const { store, log, isAlive } = this.context
    const orphans = await store.runs.interruptOrphans(isAlive)
    for (const { id } of orphans) log.info('run interrupted: its studio is gone', { runId: id })
  }

  list = (): Promise<Run[]> => this.context.store.runs.list()

  /** @throws StudioError run/not-found */
  async get(runId: string): Promise<Run> {
    const run = await this.context.store.runs.get(runId)
    if (!run) throw new StudioError('run/not-found', `There is no run '${runId}'.`, { runId })
    return run
  }

  /** By id, the beginning of an id, or name. @throws StudioError run/not-found, run/ambiguous */
  resolve = (reference: string): Promise<Run> => this.context.store.runs.resolve(reference)

  /** See `recommend`. @throws StudioError dataset/not-found, backbone/not-found */
  defaults(datasetId: string, mode: TrainingMode, preset: PresetId, backboneId?: string): Promise<Recommendation> {
    return recommend(this.context, { datasetId, mode, preset, ...(backboneId && { backboneId }) })
  }

  /** What a run would take, and whether it could start now. @throws StudioError dataset/not-found, backbone/not-found */
  estimate(datasetId: string, config: TrainingConfig): Promise<RunEstimate> {
    return estimateRun(this.context, datasetId, config, this.queue.size > 0)
  }

  /**
   * To be called where a run is sure to follow: what it would wait for is begun.
   *
   * @param backboneId the one that it will probably have
   * @returns once the machine is known, which what is recommended for it depends on
   */
  async foresee(backboneId: string): Promise<void> {
    const { host, paths, compute } = this.context
    host.warm?.('train', { type: 'expect', backbonesDirectories: paths.backbones, backboneId })
    await compute.known()
  }

  /** See `rangeTest`. It does not wait for runs that train. */
  rangeTest(datasetId: string, config: TrainingConfig, signal?: AbortSignal): AsyncGenerator<RangeTestEvent> {
    return rangeTest(this.context, datasetId, config, signal)
  }

  /**
   * Creates the run and queues it.
   *
   * @throws StudioError config/invalid, dataset/*, backbone/not-found, runtime/not-ready
   */
  start(request: StartRun): Promise<Run> {
    return this.afterStarts(() => this.startNext(request))
  }

  private afterStarts(begin: () => Promise<Run>): Promise<Run> {
    const started = this.starting.then(begin)
    this.starting = started.catch(() => undefined)
    return started
  }

  private async startNext({
    datasetId,
    name,
    config: wanted,
    importSeconds = 0,
    parent = null,
    startFrom,
    ignored = []
  }: StartRun): Promise<Run> {
    const { store } = this.context
    const config = validateConfig(wanted)
    const { dataset, classes, backbone } = await assertStartable(this.context, datasetId, config)
    const images = await store.datasets.trainingImages(datasetId)
    const existing = await store.runs.list()
    const run: Run = {
      id: newRunId(),
      name: name?.trim() || defaultRunName(config, existing),
      color: nextColor(existing),
      datasetId,
      datasetName: dataset.name,
      datasetHash: dataset.contentHash,
      imageCount: images.length,
      classes: classes.map((label) => label.name),
      config,
      state: 'queued',
      environment: null,
      epochsDone: 0,
      best: null,
      test: null,
      seconds: null,
      findings: [],
      error: null,
      checkpoint: null,
      createdAt: Date.now(),
      startedAt: null,
      endedAt: null,
      ...newAnnotations(),
      parent,
      ignored: ignored.map(({ code, note }) => ({ code, note, at: Date.now() }))
    }
    if (startFrom) await noteStart(this.context.paths, run.id, startFrom)
    await store.runs.create(run, process.pid)
    return this.enqueue({ run, dataset, images, backbone, resume: false }, { importSeconds })
  }

  /** Puts a run at the end of the queue. @param points it is known by already */
  private enqueue(
    { run, ...data }: Pick<TrainJobParts, 'run' | 'dataset' | 'images' | 'backbone' | 'resume'>,
    how: { importSeconds: number; stopAtOnce?: boolean; points?: MetricPoint[] }
  ): Run {
    const live = new LiveRun(run, how.points)
    const job = this.context.jobs.start({
      kind: 'train',
      title: `${data.resume ? 'Resume' : 'Train'} ${run.name}`,
      stoppable: true,
      runId: run.id,
      datasetId: run.datasetId,
      onStop: () => void this.stop(run.id).catch(() => undefined)
    })
    job.progress({ phase: 'Queued', done: 0, total: 0, etaSeconds: null })
    const training = new Training({
      context: this.context,
      live,
      job,
      importSeconds: how.importSeconds,
      stopAtOnce: how.stopAtOnce ?? false,
      prepare: async () => {
        const { compute, paths } = this.context
        await compute.known()
        return buildTrainJob({ run, ...data, compute, paths, startFrom: await takeStart(paths, run) })
      }
    })
    this.news.follow(live)
    this.queue.add({ live, job, training })
    this.news.listChanged()
    return run
  }

  /**
   * Queues a run that was paused or interrupted: it goes on from its newest checkpoint as if it had never ended, or from the
   * beginning where it has none.
   *
   * @throws StudioError run/not-found, run/not-resumable, run/dataset-changed, run/backbone-changed, dataset/*, runtime/not-ready
   */
  resume(runId: string): Promise<Run> {
    return this.afterStarts(() => this.resumeNext(runId, false))
  }

  private async resumeNext(runId: string, stopAtOnce: boolean): Promise<Run> {
    const { store, paths } = this.context
    const before = await this.get(runId)
    const { dataset, backbone } = await assertResumable(this.context, before)
    const images = await store.datasets.trainingImages(before.datasetId)
    const points = await store.runs.points(runId)
    await Promise.all(
      [STOP_FILE, PAUSE_FILE].map((name) => rm(join(runDirectory(paths, runId), name), { force: true }))
    )
    const run = await store.runs.resume(runId, process.pid)
    const importSeconds = before.seconds?.import ?? 0
    return this.enqueue({ run, dataset, images, backbone, resume: true }, { importSeconds, stopAtOnce, points })
  }

  /**
   * A queued run rests at once; a running one after its current step, with a checkpoint to go on from.
   *
   * @throws StudioError run/not-found, run/not-pausable
   */
  async pause(runId: string): Promise<void> {
    const phase = this.queue.live(runId)?.progress?.phase
    const run = await this.get(runId)
    const refused = (why: string): StudioError =>
      new StudioError('run/not-pausable', `'${run.name}' ${why}.`, { runId })
    if (isSettled(run.state)) throw refused(run.state === 'paused' ? 'is paused already' : 'has ended already')
    if (phase === 'evaluate') throw refused('is being tested, which is its last step')
    if (await this.queue.pause(runId)) return
    await this.ask(run, PAUSE_FILE, refused("waits in another program's queue"))
  }

  /**
   * A queued run is settled at once; a running one ends after its current step, with its best epoch. So does one that rests
   * with a checkpoint: its best epoch is tested and kept.
   *
   * @throws StudioError run/not-found, run/not-active
   */
  async stop(runId: string): Promise<void> {
    if (await this.queue.stop(runId)) return
    const run = await this.get(runId)
    if (isResting(run.state) && run.checkpoint && run.best) {
      await this.afterStarts(() => this.resumeNext(runId, true))
      return
    }
    const refused = (why: string): StudioError => new StudioError('run/not-active', `'${run.name}' ${why}.`, { runId })
    if (isSettled(run.state)) throw refused('has ended already')
    await this.ask(run, STOP_FILE, refused("waits in another program's queue"))
  }

  /** Asks the process that trains it. @throws refusal when it has not begun there */
  private async ask({ id }: Run, file: string, refusal: StudioError): Promise<void> {
    await writeFile(join(runDirectory(this.context.paths, id), file), '').catch(() => {
      throw refusal
    })
  }

  /** Resolves with the run once it is settled; at once when it is. @throws StudioError run/not-found */
  async settled(runId: string): Promise<Run> {
    await this.queue.settled(runId)
    return this.get(runId)
  }

  /** How many features a run of this process took from the cache, and computed; null when it was another's. */
  featureCounts = (runId: string): FeatureCounts | null => this.counts.get(runId) ?? null

  /** A snapshot, then what changes, until the run is settled. @throws StudioError run/not-found */
  async watch(runId: string, signal?: AbortSignal): Promise<CoalescedFeed<RunEvent>> {
    const live = this.queue.live(runId)
    if (live) return new CoalescedFeed(live.source(), undefined, signal)
    return watchStoredRun(this.context.store.runs, await this.get(runId), signal)
  }

  async metrics(runId: string): Promise<MetricPoint[]> {
    const live = this.queue.live(runId)
    if (live) return [...live.points]
    await this.get(runId)
    return this.context.store.runs.points(runId)
  }

  /** Null while the run has none. @throws StudioError run/not-found */
  async evaluation(runId: string, split: Split): Promise<Evaluation | null> {
    await this.get(runId)
    return this.context.store.runs.evaluation(runId, split)
  }

  /** @throws StudioError run/not-found */
  async predictions(
    runId: string,
    filter: PredictionFilter,
    offset: number,
    limit: number
  ): Promise<{ total: number; predictions: Prediction[] }> {
    await this.get(runId)
    return this.context.store.runs.predictions(runId, filter, offset, limit)
  }

  /** @throws StudioError run/not-found */
  async rename(runId: string, name: string): Promise<Run> {
    const before = await this.get(runId)
    const run = await this.context.store.runs.update(runId, { name: name.trim() || before.name })
    this.queue.live(runId)?.setRun(run)
    this.news.listChanged()
    return run
  }

  /** @throws StudioError run/not-found, run/uncalibratable */
  async calibrate(runId: string): Promise<Run> {
    const { store } = this.context
    const run = await store.runs.update(runId, { calibration: await fitCalibration(store.runs, await this.get(runId)) })
    this.queue.live(runId)?.setRun(run)
    this.news.listChanged()
    return run
  }

  /** @throws StudioError run/not-found, run/no-predictions */
  testPredictions = async (runId: string): Promise<TestPrediction[]> =>
    testPredictions(this.context.store.runs, await this.get(runId))

  /** Tags, notes, star and archive, on many runs at once. @throws StudioError run/not-found */
  async annotate({ runIds, ...changes }: RunAnnotation & { runIds: readonly string[] }): Promise<void> {
    for (const run of await this.context.store.runs.annotate(runIds, changes)) this.queue.live(run.id)?.setRun(run)
    this.news.listChanged()
  }

  /** Takes runs out of the lists; `restore` brings them back. @throws StudioError run/not-found, run/active */
  async remove(...runIds: string[]): Promise<void> {
    await this.context.store.runs.remove(runIds)
    this.news.listChanged()
  }

  /** @throws StudioError run/not-found */
  async restore(...runIds: string[]): Promise<void> {
    await this.context.store.runs.restore(runIds)
    this.news.listChanged()
  }

  /**
   * Deletes removed runs for good, with their metrics, predictions and files.
   * @throws StudioError run/not-found, run/not-removed
   */
  async purge(...runIds: string[]): Promise<void> {
    await this.context.store.runs.purge(runIds)
    for (const id of runIds) await rm(runDirectory(this.context.paths, id), { recursive: true, force: true })
    this.news.listChanged()
  }

  /** Calls `listener` with each new state of a run that this process trains, the settled one last. */
  onChange = (listener: (run: Run) => void): (() => void) => this.news.onChange(listener)

  /** Calls `listener` whenever `list` would answer something else. */
  onListChange = (listener: () => void): (() => void) => this.news.onListChange(listener)

  /**
   * Ends what is going on: the queue is interrupted; the training is paused, stopped with its best epoch, or killed.
   *
   * @param graceMs how long that may take before the worker is killed; the run is `interrupted` then
   */
  async close(training: Ending = 'pause', graceMs = 10_000): Promise<void> {
    await this.starting
    await this.queue.close(training, graceMs)
  }
}
