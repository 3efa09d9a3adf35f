/**
 * The ladder: TensorFlow on a GPU, TensorFlow with ONNX Runtime on a CPU, ONNX Runtime alone (heads only), wasm. What is frozen
 * and what is trained are chosen apart. Nothing falls back without a reason that is passed on.
 */
import { StudioError } from '@shared/errors'
import type { BackboneForm, ExecutorId } from '@shared/domain/backbone'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { NetworkGraph } from '../backbones/graph'
import { findGpu } from '../runtime/gpu'
import type { Executor } from './executor'
import { createOnnxRuntimeExecutor } from './onnxruntime'
import { createTensorFlowExecutor } from './tensorflow'
import { createWasmExecutor } from './wasm'

export interface ExecutorOptions {
  /** Null while TensorFlow is not prepared. */
  runtime: RuntimeLocation | null
  threads: number
}

/** An executor that does not load here, and why. */
export interface MissingExecutor {
  id: ExecutorId
  reason: string
}

export interface ExecutorChoice {
  /** Runs whatever is frozen. */
  frozen: Executor
  /** Trains whatever is trained; null: only heads, without it. Its `device` says whether it is a GPU. */
  training: Executor | null
  /** Why nothing better was chosen; null when the best there can be was. */
  reason: string | null
}

const BATCH = 32
const MEASURED_BATCHES = 3

/**
 * Chooses for one worker process. TensorFlow is loaded only where `needsTraining` or a GPU asks for it: it takes 380 MB.
 *
 * @param graph what will be frozen; measured on each candidate where there is a GPU
 * @param form of the backbone: what is not a graph has one executor that can run it
 * @throws StudioError device/no-executor when nothing runs here, runtime/not-ready when a SavedModel has no TensorFlow
 */
export async function chooseExecutors(
  options: ExecutorOptions & { graph: NetworkGraph | null; form?: BackboneForm; needsTraining: boolean }
): Promise<ExecutorChoice> {
  const { runtime, graph, form = 'graph', needsTraining } = options
  if (form !== 'graph') return foreignExecutor(form, options)
  const missing: MissingExecutor[] = []
  const wanted = runtime && (needsTraining || runtime.flavour === 'gpu')
  const training = wanted ? await attempt('tensorflow', missing, () => tensorflowExecutor(options, runtime)) : null
  const cpu = await cpuExecutor(options.threads, missing)
  const gpu = training && training.device !== 'CPU' ? training : null
  const candidates = [gpu, cpu].filter((executor) => executor !== null)
  const frozen = candidates.length > 1 && graph ? await fastest(candidates, graph) : (candidates[0] ?? training)
  if (!frozen)
    throw new StudioError('device/no-executor', `Nothing runs a network here: ${explain(missing)}.`, { missing })
  if (runtime?.flavour === 'gpu' && training && !gpu) {
    missing.push({ id: 'tensorflow', reason: 'TensorFlow found no usable GPU' })
  }
  return { frozen, training, reason: missing.length > 0 ? explain(missing) : null }
}

async function foreignExecutor(
  form: Exclude<BackboneForm, 'graph'>,
  options: ExecutorOptions & { needsTraining: boolean }
): Promise<ExecutorChoice> {
  const { runtime, needsTraining } = options
  if (form === 'saved-model' && !runtime) {
    throw new StudioError('runtime/not-ready', 'A SavedModel runs on TensorFlow, which is not prepared yet.')
  }
  const wanted = runtime && (needsTraining || form === 'saved-model')
  const tensorflow = wanted ? await tensorflowExecutor(options, runtime) : null
  const frozen = form === 'saved-model' ? tensorflow! : await createOnnxRuntimeExecutor(options)
  return { frozen, training: needsTraining ? tensorflow : null, reason: null }
}

/** Every executor that loads here, for a measurement of them all. */
export async function availableExecutors(
  options: ExecutorOptions
): Promise<{ executors: Executor[]; missing: MissingExecutor[] }> {
  const { runtime, threads } = options
  const missing: MissingExecutor[] = []
  const found = [
    runtime ? await attempt('tensorflow', missing, () => tensorflowExecutor(options, runtime)) : null,
    await attempt('onnxruntime', missing, () => createOnnxRuntimeExecutor({ threads })),
    await attempt('wasm', missing, createWasmExecutor)
  ]
  return { executors: found.filter((executor) => executor !== null), missing }
}

/** Measures and chooses: a GPU behind a slow bus, or a small network, can be slower than the CPU. */
export async function fastest(candidates: readonly Executor[], graph: NetworkGraph): Promise<Executor> {
  let best: { executor: Executor; ms: number } | null = null
  for (const executor of candidates) {
    const ms = await batchMilliseconds(executor, graph).catch(() => Infinity)
    if (!best || ms < best.ms) best = { executor, ms }
  }
  if (!best) throw new RangeError('There is nothing to choose from.')
  return best.executor
}

/** The best of three batches of 32 after one to warm up, ms. */
async function batchMilliseconds(executor: Executor, graph: NetworkGraph): Promise<number> {
  const network = await executor.load(graph)
  try {
    const size = network.inputShape.reduce((product, side) => product * side, 1)
    let best = Infinity
    for (let round = 0; round <= MEASURED_BATCHES; round++) {
      const begun = performance.now()
      await network.run(new Float32Array(BATCH * size), BATCH)
      if (round > 0) best = Math.min(best, performance.now() - begun)
    }
    return best
  } finally {
    await network.dispose()
  }
}

async function tensorflowExecutor({ threads }: ExecutorOptions, runtime: RuntimeLocation): Promise<Executor> {
  const gpuName = runtime.flavour === 'gpu' ? ((await findGpu()).gpu?.name ?? null) : null
  return createTensorFlowExecutor({ runtime, threads, gpuName })
}

async function cpuExecutor(threads: number, missing: MissingExecutor[]): Promise<Executor | null> {
  const native = await attempt('onnxruntime', missing, () => createOnnxRuntimeExecutor({ threads }))
  return native ?? attempt('wasm', missing, createWasmExecutor)
}

async function attempt(
  id: ExecutorId,
  missing: MissingExecutor[],
  create: () => Promise<Executor>
): Promise<Executor | null> {
  try {
    return await create()
  } catch (error) {
    missing.push({ id, reason: error instanceof Error ? error.message : String(error) })
    return null
  }
}

const explain = (missing: readonly MissingExecutor[]): string =>
  missing.map(({ reason }) => reason.replace(/\.$/, '')).join('; ')
