/** Looks at this machine: CPU, GPU, and which executors load. It loads them into this process to be sure. */
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { toErrorData, type ErrorData } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { LoadWish, MachineFacts } from '@shared/worker-protocol/runtime'
import type { Executor } from '../executors/executor'
import { createOnnxRuntimeExecutor } from '../executors/onnxruntime'
import { createTensorFlowExecutor } from '../executors/tensorflow'
import { multipliesBfloat16 } from '../executors/tensorflow-kernels/processor'
import { createWasmExecutor } from '../executors/wasm'
import { bindingSources } from './compiler'
import { findGpu, type Gpu, type Probe } from './gpu'
import { readKnownLoad, writeKnownLoad } from './known-load'
import { findRuntime } from './manifest'
import { requireGlibc } from './platform'
import { fetchedBytes, planRuntime, TENSORFLOW_VERSION, type Flavour } from './plan'

type FlavourFacts = MachineFacts['flavours']['cpu']
type LoadResult = MachineFacts['onnxruntime']

/** @param load 'never': report where TensorFlow lies, and no more of it */
export async function probeMachine(cacheDirectory: string, load: LoadWish): Promise<MachineFacts> {
  const cpu = await describeCpu()
  const { gpu, probes } = await findGpu()
  const flavours = {
    cpu: await lookFor('cpu', cacheDirectory),
    gpu: await lookFor('gpu', cacheDirectory)
  }
  const location = preferred(flavours.cpu.location, flavours.gpu.location, gpu)
  const onnxruntime = await tryLoading(() => createOnnxRuntimeExecutor({ threads: cpu.threads }))
  const wasm = await tryLoading(createWasmExecutor)
  const tensorflow = location && load !== 'never' ? await tryTensorFlow(location, load, cpu.threads, gpu) : null
  return {
    ...{ cpu, gpu, tensorflowVersion: TENSORFLOW_VERSION, flavours, tensorflow, onnxruntime, wasm, log: '' },
    probes: [
      ...probes,
      runtimeProbe('gpu', flavours.gpu, tensorflow, location),
      runtimeProbe('cpu', flavours.cpu, tensorflow, location),
      executorProbe('ONNX Runtime, native', onnxruntime),
      executorProbe('ONNX Runtime, WebAssembly', wasm)
    ]
  }
}

/** The GPU's runtime where there is a GPU; a runtime for GPUs computes on a CPU as well, when it is the only one. */
export function preferred(
  cpu: RuntimeLocation | null,
  gpu: RuntimeLocation | null,
  device: Gpu | null
): RuntimeLocation | null {
  return (device ? gpu : cpu) ?? cpu ?? gpu
}

async function lookFor(flavour: Flavour, cacheDirectory: string): Promise<FlavourFacts> {
  try {
    const plan = planRuntime(flavour, process.platform, process.arch)
    requireGlibc(plan.platform)
    const location = await findRuntime(cacheDirectory, plan, bindingSources().version)
    return { location, bytes: fetchedBytes(plan), unsupported: null }
  } catch (error) {
    return { location: null, bytes: 0, unsupported: toErrorData(error) }
  }
}

/** What a GPU and its driver do is asked each time; a CPU stays what it is. */
async function tryTensorFlow(
  location: RuntimeLocation,
  load: LoadWish,
  threads: number,
  gpu: Gpu | null
): Promise<LoadResult> {
  const known = load === 'unless-known' && !gpu ? await readKnownLoad(location) : null
  if (known) return { loads: true, ...known }
  const gpuName = gpu?.name ?? null
  const result = await tryLoading(async () => createTensorFlowExecutor({ runtime: location, threads, gpuName }))
  if (result.loads && !gpu) await writeKnownLoad(location, { version: result.version, device: result.device })
  return result
}

async function tryLoading(create: () => Promise<Executor>): Promise<LoadResult> {
  try {
    const { version, device } = await create()
    return { loads: true, version, device }
  } catch (error) {
    const data: ErrorData = toErrorData(error)
    return { loads: false, error: data }
  }
}

function runtimeProbe(
  flavour: Flavour,
  facts: FlavourFacts,
  loaded: LoadResult | null,
  location: RuntimeLocation | null
): Probe {
  const what = `TensorFlow ${TENSORFLOW_VERSION} for ${flavour === 'gpu' ? 'NVIDIA GPUs' : 'CPUs'}`
  if (facts.unsupported) return { what, found: false, result: facts.unsupported.message }
  if (!facts.location) return { what, found: false, result: 'not prepared' }
  if (facts.location !== location || !loaded) return { what, found: true, result: 'prepared, not loaded' }
  const result = loaded.loads ? `loads, computes on ${loaded.device}` : loaded.error.message
  return { what, found: loaded.loads, result }
}

function executorProbe(what: string, loaded: LoadResult): Probe {
  const result = loaded.loads ? `${loaded.version}, loads` : loaded.error.message
  return { what, found: loaded.loads, result }
}

/** The model's name is empty on some virtual and ARM machines; /proc/cpuinfo knows no better there. */
async function describeCpu(): Promise<MachineFacts['cpu']> {
  const name = cpus()[0]?.model.trim()
  const info = name ? '' : await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  const model = name || /^(?:Model|Hardware)\s*:\s*(.+)$/m.exec(info)?.[1]?.trim() || process.arch
  return { model, threads: availableParallelism(), memoryBytes: totalmem(), bfloat16: multipliesBfloat16() }
}
