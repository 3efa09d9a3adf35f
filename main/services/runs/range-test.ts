/** A learning rate range test: a train worker of its own, without a run. */
import { rm } from 'node:fs/promises'
import { validateConfig } from '@shared/domain/presets'
import type { RangeTest, RangeTestEvent } from '@shared/domain/range-test'
import type { RunProgress } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'
import { toErrorData } from '@shared/errors'
import type { TrainJob, TrainMessage } from '@shared/worker-protocol/train'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { RunContext } from './context'
import { assertStartable } from './preflight'
import { rehearsalJob } from './rehearsal'
import { writeTrainJob } from './train-job'

const STOP_GRACE_MS = 10_000

const PHASE_WORDS: Record<RunProgress['phase'], string> = {
  load: 'Loading',
  features: 'Computing features',
  head: 'Training the head',
  finetune: 'Trying learning rates',
  evaluate: 'Testing'
}

const NOTHING_YET: RangeTest = { points: [], suggested: null, basis: null, steepest: null, stoppedAt: null }

/**
 * Events as they come, the last of them with `finished`. Leaving, or aborting `signal`, ends the test.
 *
 * @throws StudioError config/invalid, dataset/*, backbone/*, runtime/not-ready, worker/crashed
 */
export async function* rangeTest(
  context: RunContext,
  datasetId: string,
  wanted: TrainingConfig,
  signal?: AbortSignal
): AsyncGenerator<RangeTestEvent> {
  const config = validateConfig(wanted)
  const job = await prepareJob(context, datasetId, config)
  const line = context.jobs.start({
    kind: 'train',
    title: 'Learning rate range test',
    stoppable: true,
    datasetId,
    onStop: () => stop()
  })
  let event: RangeTestEvent = { phase: PHASE_WORDS.load, done: 0, total: 0, test: NOTHING_YET, finished: false }
  let wake: () => void = () => undefined
  let news = true
  const hear = (message: TrainMessage): void => {
    if (message.type === 'progress') {
      const { phase, done, total } = message.progress
      const words = config.mode === 'head' && phase === 'head' ? PHASE_WORDS.finetune : PHASE_WORDS[phase]
      event = { ...event, phase: words, done, total }
      line.progress({ phase: words, done, total, etaSeconds: null })
    } else if (message.type === 'range-test') event = { ...event, test: message.test }
    else return
    news = true
    wake()
  }
  const worker = new WorkerConversation(context.host, 'train', hear)
  const stop = (): void => worker.stop({ type: 'stop' }, STOP_GRACE_MS)
  const onAbort = (): void => {
    stop()
    wake()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  let ended = false
  const end = worker.ended.finally(() => {
    ended = true
    wake()
  })
  end.catch(() => undefined)
  try {
    worker.send({ type: 'range-test', jobFile: await writeTrainJob(job) })
    while (!ended && !signal?.aborted) {
      if (news) {
        news = false
        yield event
        continue
      }
      await new Promise<void>((resolve) => (wake = resolve))
    }
    if (signal?.aborted) return
    const { outcome } = await end
    if (outcome === 'completed') line.done()
    else line.cancelled()
    yield { ...event, finished: true }
  } catch (error) {
    line.fail(toErrorData(error))
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    if (!ended) stop()
    await end.catch(() => undefined)
    line.cancelled()
    await rm(job.directory, { recursive: true, force: true }).catch(() => undefined)
  }
}

async function prepareJob(context: RunContext, datasetId: string, config: TrainingConfig): Promise<TrainJob> {
  return rehearsalJob(context, await assertStartable(context, datasetId, config), config, 'range-test')
}
