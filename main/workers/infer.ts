/** Predicts with finished runs, exports them, measures executors and previews pictures, on request, until it is ended. */
import { toErrorData, StudioError } from '@shared/errors'
import { valueRange } from '@shared/domain/preprocessing'
import { inferRequestSchema, type InferMessage, type InferRequest } from '@shared/worker-protocol/infer'
import { layersOf } from '../engine/backbones/load-backbone'
import { checkParity } from '../engine/backbones/parity'
import { heatMap } from '../engine/inference/heat/heat-map'
import { previewAugmentation } from '../engine/inference/augment-preview'
import { InferSession } from '../engine/inference/infer-session'
import { benchmarkExecutors } from '../engine/inference/benchmark'
import { measureSpeed } from '../engine/inference/measure'
import { predictFolder, predictImage } from '../engine/inference/predict'
import { previewImage } from '../engine/inference/preview'
import { openChannel } from './channel'

type Job = Exclude<InferRequest, { type: 'start' | 'cancel' }>

const channel = openChannel<InferRequest, InferMessage>(inferRequestSchema)
const running = new Map<number, AbortController>()
let session: InferSession | null = null

channel.onRequest((request) => {
  if (request.type === 'start') {
    session = new InferSession(request)
    channel.send({ type: 'started' })
  } else if (request.type === 'cancel') {
    running.get(request.id)?.abort()
  } else {
    // Not awaited: a folder must not keep a single picture waiting.
    void answer(request)
  }
})

const teller = (id: number) => (done: number, total: number) => channel.send({ type: 'progress', id, done, total })

async function answer(job: Job): Promise<void> {
  const controller = new AbortController()
  running.set(job.id, controller)
  try {
    if (!session) throw new StudioError('worker/crashed', 'The infer worker was asked before it was started.')
    await perform(job, session, controller.signal)
  } catch (error) {
    if (!(error instanceof StudioError))
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    channel.send({ type: 'failed', id: job.id, error: toErrorData(error) })
  } finally {
    running.delete(job.id)
  }
}

async function perform(job: Job, session: InferSession, signal: AbortSignal): Promise<void> {
  const { id } = job
  switch (job.type) {
    case 'predict':
      return session.withModel(job.model, async (model) => {
        const predictions = [await predictImage(model, job.path)]
        channel.send({ type: 'predictions', id, done: 1, total: 1, predictions })
      })
    case 'predict-folder':
      return session.withModel(
        job.model,
        async (model) => {
          for await (const part of predictFolder(model, job.path, signal))
            channel.send({ type: 'predictions', id, ...part })
        },
        'stream'
      )
    case 'export': {
      const { exportLayersModel } = await import('../engine/export/layers-model')
      const { model, directory, probes } = job
      const { backbonesDirectories, runtime } = session.options
      const result = await exportLayersModel({ model, backbonesDirectories, directory, probes, runtime })
      return channel.send({ type: 'exported', id, result })
    }
    case 'measure': {
      const backbone = await session.backbone(job.backboneId)
      const measurements = []
      const executors = job.quick ? [await session.frozenExecutor(backbone)] : await session.executors()
      for (const executor of executors) {
        if (signal.aborted) throw new StudioError('job/cancelled', 'The measurement was stopped.')
        const measured = await measureSpeed(backbone, executor).catch((error: unknown) => {
          // A model in a form of its own runs on one of them only.
          if (error instanceof StudioError && error.code === 'device/no-executor') return null
          throw error
        })
        if (measured) measurements.push(measured)
      }
      return channel.send({ type: 'measured', id, measurements })
    }
    case 'benchmark': {
      const result = await benchmarkExecutors(await session.executors(), signal, teller(id))
      return channel.send({ type: 'benchmarked', id, result })
    }
    case 'preview':
      return channel.send({ type: 'previewed', id, ...(await previewImage(job.path, job.contract)) })
    case 'augment':
      return channel.send({ type: 'augmented', id, variants: await previewAugmentation(job) })
    case 'heat':
      return session.withExplained(job.model, async (network) => {
        channel.send({ type: 'heat', id, map: await heatMap(network, job, { signal, onProgress: teller(id) }) })
      })
    case 'similar': {
      const backbone = await session.backbone(job.model.backboneId)
      const executor = await session.frozenExecutor(backbone)
      const found = await session.similar.find(job, backbone, executor, { signal, onProgress: teller(id) })
      return channel.send({ type: 'similar', id, ...found })
    }
    case 'parity': {
      const backbone = await session.backbone(job.backboneId)
      const { info } = backbone
      const features = layersOf(backbone, 'The check of its two forms')
      const executor = await session.frozenExecutor(backbone)
      const { maxDifference, tolerance, between } = await checkParity(features, executor, valueRange(info.contract))
      return channel.send({ type: 'parity', id, maxDifference, tolerance, between })
    }
  }
}
