/** The ladder of executors, made from what the probe found and how far the TensorFlow runtime is. Pure. */
import type { Rung, RungId, RuntimeStatus } from '@shared/domain/device'
import { formatBytes } from '@shared/text/format'
import type { MachineFacts } from '@shared/worker-protocol/runtime'
import { gpuObstacle } from './gpu-obstacle'

type Standing = Pick<Rung, 'state' | 'reason' | 'remedy'>

const REACHED = { reason: null, remedy: null }

/** Which rung computes now; null while nothing does. */
export function activeRung(facts: MachineFacts): RungId | null {
  if (facts.tensorflow?.loads) return facts.tensorflow.device === 'CPU' ? 'tensorflow-cpu' : 'tensorflow-gpu'
  if (facts.onnxruntime.loads) return 'onnxruntime'
  return facts.wasm.loads ? 'wasm' : null
}

/** Best rung first. */
export function ladderOf(facts: MachineFacts, status: RuntimeStatus): Rung[] {
  const active = activeRung(facts)
  const standing = (id: RungId, otherwise: () => Standing): Standing =>
    id === active ? { state: 'active', ...REACHED } : otherwise()
  return [
    {
      id: 'tensorflow-gpu',
      name: 'TensorFlow on the GPU',
      detail: `Trains and runs everything on ${facts.gpu?.name ?? 'an NVIDIA GPU'}.`,
      ...standing('tensorflow-gpu', () => gpuStanding(facts, status))
    },
    {
      id: 'tensorflow-cpu',
      name: 'TensorFlow on the CPU, with ONNX Runtime',
      detail: 'Fine-tunes on TensorFlow; features and predictions come from ONNX Runtime, which is faster on a CPU.',
      ...standing('tensorflow-cpu', () => cpuStanding(facts, status))
    },
    {
      id: 'onnxruntime',
      name: 'ONNX Runtime',
      detail: 'Features, heads and predictions on the CPU; no fine-tuning.',
      ...standing('onnxruntime', () => loadStanding(facts.onnxruntime))
    },
    {
      id: 'wasm',
      name: 'WebAssembly',
      detail: 'The same as ONNX Runtime, on one thread and slower; runs wherever Whetstone runs.',
      ...standing('wasm', () => loadStanding(facts.wasm))
    }
  ]
}

function gpuStanding(facts: MachineFacts, status: RuntimeStatus): Standing {
  const { code, reason, remedy } = gpuObstacle(facts)
  if (code === 'not-prepared') return inProgress(status, 'gpu') ?? { state: 'offered', reason, remedy }
  // What no download cures comes first: it would be fetched in vain.
  const own = { state: 'unavailable' as const, reason, remedy }
  return code === 'unknown' || code === 'no-cuda-library' ? (inProgress(status, 'gpu') ?? own) : own
}

function cpuStanding(facts: MachineFacts, status: RuntimeStatus): Standing {
  const { unsupported, location, bytes } = facts.flavours.cpu
  if (unsupported) return { state: 'unavailable', reason: unsupported.message, remedy: unsupported.hint }
  const fetched = inProgress(status, 'cpu')
  if (fetched) return fetched
  if (!location) {
    return {
      state: 'offered',
      reason: 'TensorFlow is not prepared yet.',
      remedy: `Prepare it from Devices: ${formatBytes(bytes)} to fetch.`
    }
  }
  if (facts.tensorflow && !facts.tensorflow.loads) {
    return { state: 'unavailable', reason: facts.tensorflow.error.message, remedy: facts.tensorflow.error.hint }
  }
  return { state: 'available', ...REACHED }
}

/** How preparing stands, when it is this flavour that is prepared or failed. */
function inProgress(status: RuntimeStatus, flavour: RuntimeStatus['flavour']): Standing | null {
  if (status.flavour !== flavour) return null
  if (status.state === 'preparing') {
    return { state: 'preparing', reason: `${status.phase ?? 'TensorFlow is being prepared'}.`, remedy: null }
  }
  if (status.state === 'failed' && status.error) {
    return { state: 'unavailable', reason: status.error.message, remedy: status.error.hint }
  }
  return null
}

function loadStanding(loaded: MachineFacts['onnxruntime']): Standing {
  if (loaded.loads) return { state: 'available', ...REACHED }
  return { state: 'unavailable', reason: loaded.error.message, remedy: loaded.error.hint }
}
