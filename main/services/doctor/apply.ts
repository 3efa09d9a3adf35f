/** A finding's repair on the way: the run that has it ends, and a new one goes on from its best epoch with the repair. */
import type { Repair } from '@shared/domain/finding'
import { withSetting } from '@shared/domain/presets'
import { isSettled, type Run } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { RunsService } from '../runs/runs'

/**
 * The new run waits in the queue until the old one has tested and kept its best epoch.
 *
 * @param code of one of the run's findings
 * @returns the new run, whose parent is the old one
 * @throws StudioError run/not-found, doctor/no-repair, and what `RunsService.start` and `stop` throw
 */
export async function applyAndRestart(runs: RunsService, runId: string, code: string): Promise<Run> {
  const run = await runs.get(runId)
  const repair = run.findings.find((finding) => finding.code === code && finding.repair)?.repair
  if (!repair) {
    throw new StudioError('doctor/no-repair', `'${run.name}' has no finding '${code}' with a repair.`, { runId, code })
  }
  const config = repaired(run.config, repair)
  const begun = await runs.start({
    datasetId: run.datasetId,
    config,
    parent: run.id,
    ignored: run.ignored,
    ...(goesOn(run.config, repair) && { startFrom: run })
  })
  // Only once the new one is sure to begin.
  if (!isSettled((await runs.get(runId)).state)) await endQuietly(runs, run)
  return begun
}

/** @throws StudioError config/invalid */
const repaired = (config: TrainingConfig, { changes }: Repair): TrainingConfig =>
  Object.entries(changes).reduce(
    (whole, [key, value]) => withSetting(whole, key, typeof value === 'string' ? value : JSON.stringify(value)),
    config
  )

/** A repair of the head's own training needs it anew, where a fine-tune would go on behind it. */
const goesOn = ({ mode }: TrainingConfig, { changes }: Repair): boolean =>
  mode === 'head' || Object.keys(changes).some((key) => !key.startsWith('head.'))

/** It may have ended by itself in the meantime, which is as good. */
async function endQuietly(runs: RunsService, { id }: Run): Promise<void> {
  try {
    await runs.stop(id)
  } catch (error) {
    if (!(error instanceof StudioError) || error.code !== 'run/not-active') throw error
  }
}
