/** One training, from its worker's start to the settled row. Every write goes to the store in the order it was told. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StudioError, toErrorData, type ErrorData } from '@shared/errors'
import type { Run, RunProgress } from '@shared/domain/run'
import type { TrainJob, TrainMessage } from '@shared/worker-protocol/train'
import type { RunPatch } from '../../store/store'
import type { LastMessageFrom } from '../../supervisor/protocols'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { JobHandle } from '../jobs/jobs'
import type { RunContext } from './context'
import type { LiveRun } from './live-run'
import { PhaseClock } from './phase-clock'
import { featureKey, fineTuneKey, headKey, learnSpeeds, type Speeds } from './speeds'
import { writeTrainJob } from './train-job'

/** A fine-tuning step of a large backbone, and the test of the best epoch after it, take their time. */
const STOP_GRACE_MS = 120_000
const STOP_FILE_POLL_MS = 500
/** Fewer features than this were computed too quickly to say how long one takes. */
const MIN_MEASURED_FEATURES = 50

/** Another process of the same home asks for a stop by putting this file into the run's folder. */
export const STOP_FILE = 'stop'

const PHASE_WORDS: Record<RunProgress['phase'], string> = {
  load: 'Loading',
  features: 'Computing features',
  head: 'Training the head',
  finetune: 'Fine-tuning',
  evaluate: 'Testing'
}

export type FeatureCounts = LastMessageFrom<'train'>['features']

export interface TrainingParts {
  context: RunContext
  live: LiveRun
  /** Its line in the list of jobs; settled with the run. */
  job: JobHandle
  /** Builds the worker's job at the moment the run's turn has come. */
  prepare: () => Promise<TrainJob>
  /** How long the import just before it took; part of the run's total. */
  importSeconds: number
}

export class Training {
  /** Features that came out of the cache, and that had to be computed; null until the worker has said so. */
  features: FeatureCounts | null = null
  private worker: WorkerConversation<'train'> | null = null
  private readonly clock = new PhaseClock()
  private writes: Promise<void> = Promise.resolve()
  private writeError: unknown = null
  private stopWanted = false
  private killWanted = false

  constructor(private readonly parts: TrainingParts) {}

  /** Trains to the end, whatever it is. Never rejects. */
  async run(): Promise<void> {
    const { context, live, job } = this.parts
    const startedAt = Date.now()
    try {
      await this.update({ state: 'preparing', startedAt })
      const trainJob = await this.parts.prepare()
      const last = await this.converse(trainJob)
      await this.flushed()
      await this.settleWell(trainJob, last, startedAt)
      if (last.outcome === 'stopped') job.cancelled()
      else job.done()
    } catch (error) {
      await this.writes
      await this.settleBadly(this.writeError ?? error).catch((failure: unknown) =>
        context.log.error('a run could not be settled', failure, { runId: live.run.id })
      )
    }
  }

  /** Asks the worker to end after its current step and to keep the best checkpoint. */
  stop(graceMs = STOP_GRACE_MS): void {
    if (this.stopWanted) return
    this.stopWanted = true
    this.worker?.stop({ type: 'stop' }, graceMs)
  }

  /** Ends the worker now: the run becomes `interrupted`. */
  kill(): void {
    this.killWanted = true
    this.worker?.kill()
  }

  private async converse(trainJob: TrainJob): Promise<LastMessageFrom<'train'>> {
    const jobFile = await writeTrainJob(trainJob)
    if (this.killWanted) throw new StudioError('worker/crashed', 'The studio was closed before the run began.')
    this.worker = new WorkerConversation(this.parts.context.host, 'train', (message) => this.hear(message))
    this.parts.context.log.info('run started', { runId: trainJob.runId, workerPid: this.worker.pid })
    const stopFile = join(trainJob.directory, STOP_FILE)
    const polling = setInterval(() => existsSync(stopFile) && this.stop(), STOP_FILE_POLL_MS)
    try {
      this.worker.send({ type: 'start', jobFile })
      if (this.stopWanted) this.worker.stop({ type: 'stop' }, STOP_GRACE_MS)
      return await this.worker.ended
    } finally {
      clearInterval(polling)
      this.clock.close()
    }
  }

  private hear(message: TrainMessage): void {
    const { context, live } = this.parts
    switch (message.type) {
      case 'environment':
        return this.write({ environment: message.environment })
      case 'progress':
        return this.hearProgress(message.progress)
      case 'points':
        this.clock.points(message.points)
        live.addPoints(message.points)
        return this.enqueue(() => context.store.runs.appendPoints(live.run.id, message.points))
      case 'epoch':
        return this.write({ epochsDone: message.epochsDone, best: message.best })
      case 'mistakes':
        return live.setMistakes(message.mistakes)
      case 'finding':
        return this.enqueue(() => this.update({ findings: [...live.run.findings, message.finding] }))
      case 'finished':
      case 'failed':
        return undefined
    }
  }

  private hearProgress(progress: RunProgress): void {
    const { live, job } = this.parts
    const trains = progress.phase === 'head' || progress.phase === 'finetune'
    if (trains && live.progress?.phase !== 'head' && live.progress?.phase !== 'finetune')
      this.write({ state: 'running' })
    this.clock.progress(progress.phase)
    live.setProgress(progress)
    const { done, total, etaSeconds } = progress
    job.progress({ phase: PHASE_WORDS[progress.phase], done, total, ...(etaSeconds === null ? {} : { etaSeconds }) })
  }

  private write(patch: RunPatch): void {
    this.enqueue(() => this.update(patch))
  }

  private enqueue(task: () => Promise<void>): void {
    this.writes = this.writes.then(async () => {
      if (this.writeError) return
      try {
        await task()
      } catch (error) {
        this.writeError = error
        this.worker?.kill()
      }
    })
  }

  private async flushed(): Promise<void> {
    await this.writes
    if (this.writeError) throw this.writeError
  }

  private async update(patch: RunPatch): Promise<void> {
    const { context, live } = this.parts
    live.setRun(await context.store.runs.update(live.run.id, patch))
  }

  private async settleWell(trainJob: TrainJob, last: LastMessageFrom<'train'>, startedAt: number): Promise<void> {
    const { context, live, importSeconds } = this.parts
    const { runs, facts } = context.store
    this.features = last.features
    if (last.predictionsFile) await runs.ingestPredictions(live.run.id, last.predictionsFile)
    const evaluation = last.predictionsFile ? await runs.evaluation(live.run.id, 'test') : null
    const endedAt = Date.now()
    await learnSpeeds(facts, this.measuredSpeeds(trainJob, last)).catch((error: unknown) =>
      context.log.error('speeds could not be kept', error)
    )
    await this.update({
      state: last.outcome,
      epochsDone: last.epochsDone,
      best: last.best,
      test: evaluation && {
        accuracy: evaluation.accuracy,
        loss: evaluation.loss,
        macroF1: evaluation.macroF1,
        count: evaluation.count
      },
      seconds: {
        import: importSeconds,
        features: last.seconds.features,
        train: last.seconds.train,
        total: importSeconds + (endedAt - startedAt) / 1000
      },
      endedAt
    })
    context.log.info('run settled', { runId: live.run.id, state: last.outcome, features: last.features })
  }

  private async settleBadly(error: unknown): Promise<void> {
    const { context, live, job } = this.parts
    const crashed = error instanceof StudioError && error.code === 'worker/crashed'
    const data = this.describe(error, crashed)
    const logId = context.log.error('run ended badly', error, { runId: live.run.id, stderr: this.worker?.stderrTail })
    const shown: ErrorData = { ...data, details: { ...data.details, logId } }
    const state: Run['state'] = crashed ? 'interrupted' : 'failed'
    try {
      await this.update({ state, error: shown, endedAt: Date.now() })
    } catch (failure) {
      // The database does not take it (a full disk): watchers are told at least, and the next start settles the row.
      live.setRun({ ...live.run, state, error: shown, endedAt: Date.now() })
      throw failure
    } finally {
      if (crashed && this.killWanted) job.cancelled()
      else job.fail(shown)
    }
  }

  private describe(error: unknown, crashed: boolean): ErrorData {
    if (!crashed) return toErrorData(error)
    if (this.killWanted)
      return new StudioError('run/crashed', 'The studio was closed while the run was training.').toData()
    const { exitCode, signal } = (error as StudioError).details
    const how = signal ? ` (${String(signal)})` : ''
    return new StudioError('run/crashed', `The process that trained the run ended before its work was done${how}.`, {
      exitCode,
      signal
    }).toData()
  }

  private measuredSpeeds(trainJob: TrainJob, last: LastMessageFrom<'train'>): Speeds {
    const { config, contract } = trainJob
    const speeds: Speeds = {}
    const executor = this.parts.live.run.environment?.frozenExecutor
    if (executor && last.features.computed >= MIN_MEASURED_FEATURES && last.seconds.features > 0) {
      speeds[featureKey(config.backboneId, contract.size, executor)] = last.seconds.features / last.features.computed
    }
    const head = this.clock.secondsPerStep('head')
    if (head !== null) speeds[headKey(config.backboneId, config)] = head / config.head.batchSize
    const fineTune = this.clock.secondsPerStep('finetune')
    if (fineTune !== null) {
      speeds[fineTuneKey(config.backboneId, contract.size, config)] = fineTune / config.fineTune.batchSize
    }
    return speeds
  }
}
