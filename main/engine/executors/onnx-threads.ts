/**
 * ONNX Runtime on threads of its own, for a stream of pictures: one session on each, one core each. Without the barrier between
 * cores after every layer, and with a batch that stays in a core's cache, a picture takes less work than in a large batch on all
 * cores; and the thread that feeds the decoder stays free. Measured on two cores with EfficientNet-Lite0, processor time for the
 * forward pass of one image: 2 sessions with batches of 2 on a core each 5.4 ms, one with 16 on both 6.2 ms.
 */
import { Worker } from 'node:worker_threads'
import { StudioError } from '@shared/errors'
import type { InferenceSession } from 'onnxruntime-node'
import type { ByteScale } from '../backbones/onnx/quantized/ranges'
import { threadFile } from '../threads/locate'
import type { OnnxThreadAnswer, OnnxThreadCall, OnnxThreadData, OnnxThreadInput } from '../threads/onnx-session'
import type { FrozenNetwork } from './executor'

/**
 * Inputs in a call: enough to be worth a message, few enough for the caches. Values in eight bits take a quarter of the room: there
 * 4 take 6 % less processor time than 2.
 */
const BATCH_SIZE = { float32: 2, int8: 4 }
/** One being computed, one waiting at the thread's door. */
const CALLS_PER_THREAD = 2
/** Every thread holds the weights: those of a heavy model are held fewer times, by threads of several cores. */
const MAX_WEIGHT_BYTES = 512 * 2 ** 20

interface Waiting {
  resolve: (output: Float32Array) => void
  reject: (error: Error) => void
}

interface SessionThread {
  worker: Worker
  waiting: Map<number, Waiting>
  /** Places for the pictures of a call, in memory that the thread shares, so that nothing is copied or collected. */
  free: Uint8Array[]
}

/** How a model takes pictures that was not written here. */
export interface ForeignFeed {
  ports: { input: string; output: string }
  /** Of one picture as the model takes it. */
  dims: readonly number[]
  /** From NHWC to its layout. */
  arrange(values: Float32Array, count: number): Float32Array
}

export interface StreamOptions {
  /** Left out: one input and one output, channels last. */
  feed?: ForeignFeed
  /** Of most values. */
  precision?: keyof typeof BATCH_SIZE
  /** Of a network that takes its pictures as bytes. */
  scale?: ByteScale | null
}

/**
 * @param options of a session; its count of threads is set here.
 * @throws StudioError device/no-executor when the threads do not start
 */
export async function loadOnThreads(
  model: Uint8Array,
  shape: Pick<FrozenNetwork, 'inputShape' | 'outputShape'>,
  options: InferenceSession.SessionOptions,
  cores: number,
  { feed, precision = 'float32', scale = null }: StreamOptions = {}
): Promise<FrozenNetwork> {
  const batchSize = BATCH_SIZE[precision]
  const count = Math.max(1, Math.min(cores, Math.floor(MAX_WEIGHT_BYTES / model.byteLength)))
  const data: OnnxThreadData = {
    model,
    options: { ...options, intraOpNumThreads: Math.floor(cores / count) },
    ...(feed && { ports: feed.ports }),
    scale
  }
  const size = shape.inputShape.reduce((product, side) => product * side, 1)
  const opening = await Promise.allSettled(Array.from({ length: count }, () => openThread(data, batchSize * size)))
  const threads = opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const dispose = async (): Promise<void> => {
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }
  const failure = opening.find((result) => result.status === 'rejected')
  if (failure) {
    await dispose()
    throw failure.reason
  }
  let calls = 0
  const idlest = (): SessionThread =>
    threads.reduce((best, other) => (other.waiting.size < best.waiting.size ? other : best))
  const send = (thread: SessionThread, call: OnnxThreadInput): Promise<Float32Array> =>
    new Promise((resolve, reject) => {
      const id = calls++
      thread.waiting.set(id, { resolve, reject })
      thread.worker.postMessage({ id, ...call } satisfies OnnxThreadCall)
    })
  const runPictures: FrozenNetwork['runPictures'] = async (pictures, { colorOrder, mean, std }) => {
    const thread = idlest()
    const place = pictures.length <= batchSize ? thread.free.pop() : undefined
    const bytes = place?.subarray(0, pictures.length * size) ?? new Uint8Array(pictures.length * size)
    pictures.forEach((pixels, index) => bytes.set(pixels, index * size))
    try {
      return await send(thread, { bytes, contract: { colorOrder, mean, std }, dims: dimsOf(pictures.length) })
    } finally {
      if (place) thread.free.push(place)
    }
  }
  const dimsOf = (images: number): number[] => [images, ...(feed?.dims ?? shape.inputShape)]
  return {
    ...shape,
    pace: { inFlight: count * CALLS_PER_THREAD, batchSize },
    run(batch, images) {
      if (batch.length !== images * size) {
        return Promise.reject(new RangeError(`A batch of ${images} holds ${images * size} values, not ${batch.length}`))
      }
      return send(idlest(), { data: feed ? feed.arrange(batch, images) : batch, dims: dimsOf(images) })
    },
    // What takes its pictures in another layout gets them as numbers.
    ...(!feed && { runPictures }),
    dispose
  }
}

/** Resolves once its session is open. @param bytes of the pictures of one call */
async function openThread(data: OnnxThreadData, bytes: number): Promise<SessionThread> {
  const worker = new Worker(threadFile('onnx-session'), { workerData: data })
  const free = Array.from({ length: CALLS_PER_THREAD }, () => new Uint8Array(new SharedArrayBuffer(bytes)))
  const thread: SessionThread = { worker, waiting: new Map(), free }
  worker.on('message', (answer: OnnxThreadAnswer) => {
    const waiting = thread.waiting.get(answer.id)
    thread.waiting.delete(answer.id)
    if ('error' in answer) waiting?.reject(stopped(answer.error))
    else waiting?.resolve(answer.output)
  })
  const end = (why: string): void => {
    for (const { reject } of thread.waiting.values()) reject(stopped(why))
    thread.waiting.clear()
  }
  worker.on('error', (error: Error) => end(error.message))
  worker.on('exit', (code) => end(`its thread ended with ${code}`))
  try {
    await new Promise((resolve, reject) => thread.waiting.set(-1, { resolve, reject }))
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return thread
}

const stopped = (why: string): StudioError => new StudioError('device/no-executor', `ONNX Runtime stopped: ${why}.`)
