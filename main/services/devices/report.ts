/** The device report: what computes here, and why nothing better. Pure. */
import type { DeviceReport, RuntimeStatus } from '@shared/domain/device'
import { formatBytes } from '@shared/text/format'
import type { MachineFacts } from '@shared/worker-protocol/runtime'
import { gpuObstacle } from './gpu-obstacle'
import { activeRung, ladderOf } from './ladder'

export function describeDevices(facts: MachineFacts, status: RuntimeStatus): DeviceReport {
  const { cpu, gpu, probes } = facts
  const rung = activeRung(facts)
  return {
    ...{ cpu, gpu, probes },
    gpuObstacle: rung === 'tensorflow-gpu' ? null : gpuObstacle(facts),
    ladder: ladderOf(facts, status),
    frozen: rung === 'tensorflow-gpu' ? 'tensorflow' : facts.onnxruntime.loads ? 'onnxruntime' : 'wasm',
    training: facts.tensorflow?.loads ? 'tensorflow' : null,
    summary: summaryOf(facts),
    why: whyNotBetter(facts, status),
    runtime: status
  }
}

/** What is known before the probe has answered. */
export function reportBeforeProbe(cpu: DeviceReport['cpu'], status: RuntimeStatus): DeviceReport {
  return {
    ...{ cpu, gpu: null, gpuObstacle: null, probes: [], ladder: [], frozen: 'onnxruntime', training: null },
    summary: `Looking at this machine · CPU, ${threads(cpu.threads)}`,
    why: null,
    runtime: status
  }
}

function summaryOf(facts: MachineFacts): string {
  const onCpu = `CPU, ${threads(facts.cpu.threads)}`
  if (facts.tensorflow?.loads) {
    const { version, device } = facts.tensorflow
    return `TensorFlow ${short(version)} · ${device === 'CPU' ? onCpu : device}`
  }
  if (facts.onnxruntime.loads) return `ONNX Runtime ${short(facts.onnxruntime.version)} · ${onCpu}`
  if (facts.wasm.loads) return `WebAssembly · CPU, ${threads(1)}`
  return 'Nothing computes here'
}

function whyNotBetter(facts: MachineFacts, status: RuntimeStatus): string | null {
  const rung = activeRung(facts)
  if (rung === 'tensorflow-gpu') return null
  if (rung === 'tensorflow-cpu') return whyNoGpu(facts, status)
  if (rung === null) return facts.wasm.loads ? null : facts.wasm.error.message
  return whyNoTensorFlow(facts, status)
}

function whyNoGpu(facts: MachineFacts, status: RuntimeStatus): string {
  const { gpu, flavours } = facts
  const { code, reason } = gpuObstacle(facts)
  const name = gpu?.name ?? ''
  switch (code) {
    case 'platform':
      return 'no GPU: TensorFlow reaches GPUs on 64-bit Linux only'
    case 'no-driver':
      return 'no GPU: no NVIDIA driver found'
    case 'not-prepared':
      if (status.flavour === 'gpu' && status.state === 'preparing') return `${name}: being prepared`
      if (status.flavour === 'gpu' && status.error) return `no GPU: ${status.error.message}`
      return `${name} not used: fetching TensorFlow for it takes ${formatBytes(flavours.gpu.bytes)}`
    case 'unknown':
      return `no GPU: TensorFlow cannot use ${name}`
    default:
      return `no GPU: ${reason.replace(/\.$/, '')}`
  }
}

function whyNoTensorFlow({ tensorflow, flavours }: MachineFacts, status: RuntimeStatus): string {
  if (flavours.cpu.unsupported) return `no TensorFlow: ${flavours.cpu.unsupported.message}`
  if (status.state === 'preparing') return 'TensorFlow is being prepared: heads train, fine-tuning waits'
  if (status.error) return `no TensorFlow: ${status.error.message}`
  if (tensorflow && !tensorflow.loads) return `no TensorFlow: ${tensorflow.error.message}`
  return 'no TensorFlow: it is not prepared'
}

const threads = (count: number): string => (count === 1 ? '1 thread' : `${count} threads`)

/** '2.21' out of '2.21.0'. */
const short = (version: string): string => version.split('.').slice(0, 2).join('.')
