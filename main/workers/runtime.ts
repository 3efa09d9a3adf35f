/** Prepares the TensorFlow runtime, or looks at the machine; one request, then it ends. */
import { StudioError } from '@shared/errors'
import { runtimeRequestSchema, type RuntimeMessage, type RuntimeRequest } from '@shared/worker-protocol/runtime'
import { prepareRuntime } from '../engine/runtime/prepare'
import { probeMachine } from '../engine/runtime/probe'
import { openChannel } from './channel'

const channel = openChannel<RuntimeRequest, RuntimeMessage>(runtimeRequestSchema)
const stopping = new AbortController()
/** The bar moves at most this often. */
const PROGRESS_MS = 100

channel.onRequest(async (request) => {
  if (request.type === 'stop') return stopping.abort(new StudioError('job/cancelled', 'Stopped.'))
  if (request.type === 'probe') {
    channel.send({ type: 'probed', facts: await probeMachine(request.cacheDirectory, request.load) })
    return channel.close()
  }
  let told = { at: 0, phase: '' }
  const { location, gpu } = await prepareRuntime({
    cacheDirectory: request.cacheDirectory,
    flavour: request.flavour,
    signal: stopping.signal,
    onProgress: (progress) => {
      const now = performance.now()
      if (progress.phase === told.phase && now - told.at < PROGRESS_MS) return
      told = { at: now, phase: progress.phase }
      channel.send({ type: 'progress', ...progress })
    }
  })
  channel.send({ type: 'ready', location, gpu })
  return channel.close()
})
