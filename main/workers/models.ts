/** The models worker: brings one backbone in, then it ends. What it reads may be hostile, and takes down nothing but this process. */
import { StudioError } from '@shared/errors'
import {
  modelsRequestSchema,
  type ModelJob,
  type ModelsMessage,
  type ModelsRequest
} from '@shared/worker-protocol/models'
import { importModel, type ImportedBackbone } from '../engine/backbones/importing/import-model'
import { openChannel } from './channel'

const PROGRESS_INTERVAL_MS = 100

const channel = openChannel<ModelsRequest, ModelsMessage>(modelsRequestSchema)
const stop = new AbortController()

channel.onRequest(async (request) => {
  if (request.type === 'stop') return stop.abort(new StudioError('job/cancelled', 'The import was stopped.'))
  const made = await run(request.job)
  channel.send({ type: 'finished', backboneId: made?.backboneId ?? null, measurements: made?.measurements ?? [] })
  channel.close()
})

async function run(job: ModelJob): Promise<ImportedBackbone | null> {
  try {
    return await importModel(job, throttled(), stop.signal)
  } catch (error) {
    if (error instanceof StudioError && error.code === 'job/cancelled') return null
    throw error
  }
}

/** At most ten messages a second, but each new phase at once. */
function throttled(): (phase: string, done?: number, total?: number) => void {
  let sentAt = -Infinity
  let sentPhase = ''
  return (phase, done = 0, total = 0) => {
    const now = performance.now()
    if (phase === sentPhase && now - sentAt < PROGRESS_INTERVAL_MS) return
    sentAt = now
    sentPhase = phase
    channel.send({ type: 'progress', phase, done, total })
  }
}
