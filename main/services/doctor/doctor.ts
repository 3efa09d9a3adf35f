/** The doctor: what is wrong with a configuration before it is trained, and with a run after it. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  diagnosisSchema,
  runDiagnosisSchema,
  type DiagnosisCode,
  type PreflightEvent,
  type RunDiagnosis
} from '@shared/domain/diagnosis'
import { validateConfig } from '@shared/domain/presets'
import { isSettled, type Run } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { DoctorJob, ExaminedRun } from '@shared/worker-protocol/doctor'
import { applyAndRestart } from './apply'
import { confusedPairs } from './confused'
import { consult } from './consultation'
import { prepareDoctorJob, type DoctorContext } from './subject'

export class DoctorService {
  constructor(private readonly context: DoctorContext) {}

  /**
   * Each check as it ends, then all of it, ranked. Leaving the stream ends it.
   *
   * @throws StudioError config/invalid, dataset/*, backbone/*, runtime/not-ready, worker/crashed
   */
  async *preflight(
    datasetId: string,
    wanted: TrainingConfig,
    signal?: AbortSignal
  ): AsyncGenerator<PreflightEvent, void> {
    const { host, jobs } = this.context
    const job = await prepareDoctorJob(this.context, datasetId, validateConfig(wanted))
    const title = 'Pre-flight check'
    const { directory } = job.train
    const diagnosis = yield* consult({ host, jobs, what: 'preflight', job, directory, title, datasetId, signal })
    if (diagnosis) yield { type: 'diagnosis', diagnosis: diagnosisSchema.parse(diagnosis) }
  }

  /**
   * Of a run that has ended: its curves and answers, and its configuration on its dataset as it is now.
   *
   * @throws StudioError run/not-found, run/active, worker/crashed
   */
  async run(runId: string, signal?: AbortSignal): Promise<RunDiagnosis> {
    const { store, host, jobs } = this.context
    const run = await store.runs.get(runId)
    if (!run) throw new StudioError('run/not-found', `There is no run '${runId}'.`, { runId })
    if (!isSettled(run.state)) throw new StudioError('run/active', `'${run.name}' has not ended yet.`, { runId })
    const job = await this.configurationOf(run)
    const evaluation = await store.runs.evaluation(runId, 'test')
    const examined: ExaminedRun = {
      run,
      points: await store.runs.points(runId),
      confused: evaluation ? confusedPairs(evaluation) : [],
      job
    }
    const directory = job?.train.directory ?? (await mkdtemp(join(tmpdir(), 'doctor-')))
    const consultation = consult({
      ...{ host, jobs, what: 'run', job: examined, directory, signal },
      title: `Looking at ${run.name}`,
      datasetId: run.datasetId,
      runId
    })
    for (;;) {
      const { done, value } = await consultation.next()
      if (!done) continue
      if (!value) throw new StudioError('job/cancelled', 'The doctor was stopped.')
      return runDiagnosisSchema.parse(value)
    }
  }

  /** Keeps with a run that its user knows of a finding and goes on. @throws StudioError run/not-found */
  async ignore(runId: string, code: DiagnosisCode, note: string): Promise<Run> {
    const { runs } = this.context.store
    const run = await runs.get(runId)
    if (!run) throw new StudioError('run/not-found', `There is no run '${runId}'.`, { runId })
    const others = run.ignored.filter((one) => one.code !== code)
    return runs.update(runId, { ignored: [...others, { code, note: note.trim(), at: Date.now() }] })
  }

  /** See `applyAndRestart`. */
  applyAndRestart = (runId: string, code: string): Promise<Run> => applyAndRestart(this.context.runs, runId, code)

  /** Null where there is nothing left to try it on, or another program trained it. */
  private async configurationOf(run: Run): Promise<DoctorJob | null> {
    if (run.imported || !run.datasetId) return null
    try {
      return await prepareDoctorJob(this.context, run.datasetId, run.config)
    } catch (error) {
      if (error instanceof StudioError) return null
      throw error
    }
  }
}
