/** `resume RUN` and `pause RUN`. */
import { pausedAt } from '@shared/text/run'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { prepareRuntime, reportRun, trainAndWait } from './train'

/** Goes on with a run that was paused or interrupted, and ends as `fit` does. */
export async function resumeRun(context: CommandContext, reference: string): Promise<ExitCode> {
  const { studio, output } = context
  const { id, config, checkpoint } = await studio.runs.resolve(reference)
  if (config.mode === 'finetune') await prepareRuntime(context)
  const run = await trainAndWait(context, async () => {
    const resumed = await studio.runs.resume(id)
    output.note(checkpoint ? `Going on from ${pausedAt(checkpoint)}.` : 'There is no checkpoint: beginning anew.')
    return resumed
  })
  return reportRun(context, run)
}

/** Asks whoever trains it; does not wait for it. */
export async function pauseRun({ studio, output }: CommandContext, reference: string): Promise<ExitCode> {
  const { id, name } = await studio.runs.resolve(reference)
  await studio.runs.pause(id)
  output.result(
    { run: id, name, status: 'pausing' },
    `${name} pauses after its current step. Resume it with: resume ${id}`
  )
  return EXIT.ok
}
