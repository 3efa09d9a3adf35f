/** One training, from its worker's start to the settled row. Every write goes to the store in the order it was told. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError, toErrorData, type ErrorData } from '@shared/errors'
import type { Finding } from '@shared/domain/finding'
import { isLiveFinding } from '@shared/domain/live-finding'
import type { Run, RunProgress } from '@shared/domain/run'
import type { TrainJob, TrainMessage } from '@shared/worker-protocol/train'
import type { RunPatch } from '../../store/store'
import type { LastMessageFrom } from '../../supervisor/protocols'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { JobHandle } from '../jobs/jobs'
import type { RunContext } from './context'
import type { LiveRun } from './live-run'
import { PhaseClock } from './phase-clock'
import { takePlace } from './place'
import { learnSpeeds, measuredSpeeds } from './speeds'
import { checkpointDirectory, writeTrainJob } from './train-job'

/** A fine-tuning step of a large backbone, and the test of the best epoch after it, take their time. */
const STOP_GRACE_MS = 120_000
const FILE_POLL_MS = 500
/** Another process of the same home asks for a stop, or a pause, by putting this file into the run's folder. */
export const STOP_FILE = 'stop'
export const PAUSE_FILE = 'pause'

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
  /** Nothing more is to be learned: the best epoch of the checkpoint is tested and kept. */
  stopAtOnce?: boolean
}

export class Training {
  /** Features that came out of the cache, and that had to be computed; null until the worker has said so. */
  features: FeatureCounts | null = null
  private worker: WorkerConversation<'train'> | null = null
  private readonly clock = new PhaseClock()
  private writes: Promise<void> = Promise.resolve()
  private writeError: unknown = null
  private stopWanted = false
  private pauseWanted = false
  private killWanted = false
  /** Moved on by what a resumed run rested. */
  private startedAt = 0

  constructor(private readonly parts: TrainingParts) {}

  /** Trains to the end, whatever it is. Never rejects. */
  async run(): Promise<void> {
    const { context, live, job } = this.parts
    try {
      if (!(await this.takePlace())) return await this.settleUnbegun()
      this.setWorked(live.run.checkpoint?.seconds ?? 0)
      await this.update({ state: 'preparing', startedAt: this.startedAt })
      const trainJob = await this.parts.prepare()
      const last = await this.converse(trainJob)
      await this.flushed()
      if (last.outcome === 'paused') await this.settlePaused(last)
      else await this.settleWell(trainJob, last, last.outcome)
      if (last.outcome === 'completed') job.done()
      else if (last.outcome === 'paused') job.paused()
      else job.cancelled()
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

  /** Asks the worker to end after its current step with a checkpoint. @param graceMs until it is killed; left out: it is not */
  pause(graceMs?: number): void {
    if (this.pauseWanted || this.stopWanted) return
    this.pauseWanted = true
    if (graceMs === undefined) this.worker?.send({ type: 'pause' })
    else this.worker?.stop({ type: 'pause' }, graceMs)
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
    const [stopFile, pauseFile] = [STOP_FILE, PAUSE_FILE].map((name) => join(trainJob.directory, name)) as [
      string,
      string
    ]
    const polling = setInterval(() => {
      if (existsSync(stopFile)) this.stop()
      if (existsSync(pauseFile)) this.pause()
    }, FILE_POLL_MS)
    try {
      this.worker.send({ type: 'start', jobFile })
      if (this.stopWanted || this.parts.stopAtOnce) this.worker.stop({ type: 'stop' }, STOP_GRACE_MS)
      else if (this.pauseWanted) this.worker.send({ type: 'pause' })
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
      case 'resumed':
        return this.hearResumed(message)
      case 'checkpoint':
        return this.write({ checkpoint: message.checkpoint })
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
      case 'findings': {
        const { findings } = message
        return this.enqueue(() => this.update({ findings: [...this.otherFindings(), ...findings] }))
      }
      case 'range-test':
      case 'finished':
      case 'failed':
        return undefined
    }
  }

  /** What was told after the checkpoint is void: it is told again. */
  private hearResumed({ points, checkpoint, epochsDone, best }: Extract<TrainMessage, { type: 'resumed' }>): void {
    const { context, live } = this.parts
    this.setWorked(checkpoint?.seconds ?? 0)
    live.replacePoints(points)
    this.enqueue(() => context.store.runs.replacePoints(live.run.id, points))
    this.write({ checkpoint, epochsDone, best, startedAt: this.startedAt })
    this.enqueue(() => this.update({ findings: this.otherFindings() }))
  }

  /** Those that the doctor does not take back by himself. */
  private otherFindings(): Finding[] {
    return this.parts.live.run.findings.filter((finding) => !isLiveFinding(finding))
  }

  private setWorked(seconds: number): void {
    this.startedAt = Math.round(Date.now() - seconds * 1000)
  }

  private takePlace(): Promise<boolean> {
    const { context, live, job } = this.parts
    return takePlace({
      runs: context.store.runs,
      runId: live.run.id,
      isAlive: context.isAlive,
      wanted: () => !this.stopWanted && !this.pauseWanted && !this.killWanted,
      onWaiting: (name) => job.progress({ phase: `Waiting for '${name}'`, done: 0, total: 0, etaSeconds: null })
    })
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

  /** Its turn had not come. */
  private async settleUnbegun(): Promise<void> {
    const state = this.stopWanted ? 'stopped' : this.pauseWanted ? 'paused' : 'interrupted'
    await this.update({ state, endedAt: Date.now() })
    if (state === 'paused') this.parts.job.paused()
    else this.parts.job.cancelled()
  }

  private async settlePaused(last: LastMessageFrom<'train'>): Promise<void> {
    const { context, live } = this.parts
    const { runs } = context.store
    const { checkpoint, epochsDone, best } = last
    this.features = last.features
    // The step that was under way when the checkpoint was written is done again.
    const step = checkpoint?.step ?? 0
    await runs.cutPoints(live.run.id, step)
    live.replacePoints(live.points.filter((point) => point.step <= step))
    const endedAt = Date.now()
    await this.update({
      state: 'paused',
      checkpoint,
      epochsDone,
      best,
      seconds: this.secondsOf(last, endedAt),
      endedAt
    })
    context.log.info('run paused', { runId: live.run.id, checkpoint })
  }

  private secondsOf({ seconds: { features, train } }: LastMessageFrom<'train'>, endedAt: number): Run['seconds'] {
    const { importSeconds } = this.parts
    return { import: importSeconds, features, train, total: importSeconds + (endedAt - this.startedAt) / 1000 }
  }

  private async settleWell(
    trainJob: TrainJob,
    last: LastMessageFrom<'train'>,
    state: 'completed' | 'stopped'
  ): Promise<void> {
    const { context, live } = this.parts
    const { runs, facts } = context.store
    this.features = last.features
    if (last.predictionsFile) await runs.ingestPredictions(live.run.id, last.predictionsFile)
    const evaluation = last.predictionsFile ? await runs.evaluation(live.run.id, 'test') : null
    const endedAt = Date.now()
    const speeds = measuredSpeeds(trainJob, last, live.run.environment?.frozenExecutor, this.clock)
    await learnSpeeds(facts, speeds).catch((error: unknown) => context.log.error('speeds could not be kept', error))
    await this.update({
      state,
      checkpoint: null,
      epochsDone: last.epochsDone,
      best: last.best,
      test: evaluation && {
        accuracy: evaluation.accuracy,
        loss: evaluation.loss,
        macroF1: evaluation.macroF1,
        count: evaluation.count
      },
      seconds: this.secondsOf(last, endedAt),
      endedAt
    })
    await this.forgetCheckpoints()
    context.log.info('run settled', { runId: live.run.id, state, features: last.features })
  }

  private async settleBadly(error: unknown): Promise<void> {
    const { context, live, job } = this.parts
    const crashed = error instanceof StudioError && error.code === 'worker/crashed'
    const data = this.describe(error, crashed)
    const logId = context.log.error('run ended badly', error, { runId: live.run.id, stderr: this.worker?.stderrTail })
    const shown: ErrorData = { ...data, details: { ...data.details, logId } }
    // With a checkpoint nothing is lost but in a run that goes wrong by itself.
    const resumable = crashed || (live.run.checkpoint !== null && data.code !== 'run/diverged')
    const state: Run['state'] = resumable ? 'interrupted' : 'failed'
    try {
      await this.update({ state, error: shown, endedAt: Date.now(), ...(!resumable && { checkpoint: null }) })
      if (!resumable) await this.forgetCheckpoints()
    } catch (failure) {
      // The database does not take it (a full disk): watchers are told at least, and the next start settles the row.
      live.setRun({ ...live.run, state, error: shown, endedAt: Date.now() })
      throw failure
    } finally {
      if (crashed && this.killWanted) job.cancelled()
      else job.fail(shown)
    }
  }

  /** They are for going on; of a run that is at its end, only what it learned is kept. */
  private forgetCheckpoints(): Promise<void> {
    const directory = checkpointDirectory(this.parts.context.paths, this.parts.live.run.id)
    return rm(directory, { recursive: true, force: true }).catch((error: unknown) => {
      this.parts.context.log.error('checkpoints could not be removed', error, { directory })
    })
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
}
