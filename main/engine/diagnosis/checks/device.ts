/** What was asked to compute against what does, how fast it multiplies, and whether the training fits into memory. */
import type { Backbone } from '@shared/domain/backbone'
import { whyNoBfloat16 } from '@shared/domain/bfloat16'
import { whyNoInt8 } from '@shared/domain/int8'
import { formatBytes } from '@shared/text/format'
import { inferShapes } from '../../backbones/shapes'
import { openDense } from '../../training/head-sessions'
import { found, passed, type Check, type CheckResult } from '../check'
import type { Examination } from '../examination'
import { learningPart } from '../learning-part'

/** Side of the square matrices that are multiplied. */
const SIDE = 768
const ROUNDS = 3
/** Billions of operations a second of one thread: processors of the last ten years do 20 to 100. */
const SLOW = 3
/** Of the machine's memory. */
const TOO_MUCH = 0.8
/** Bytes of a float32. Each value is kept for the way back, and has a gradient beside it. */
const BYTES_A_VALUE = 8
/** Weights, gradients and two moments. */
const BYTES_A_WEIGHT = 16

export const deviceCheck: Check = {
  code: 'device/cpu-fallback',
  phase: 'Timing a matrix product',
  async run(examination) {
    const speed = await multiplyAddSpeed(examination)
    const { info } = await examination.backbone()
    return [
      fallback(examination, speed),
      slow(examination, speed),
      precision(examination),
      frozenPrecision(examination, info),
      await memory(examination)
    ]
  }
}

/** Operations a second of one thread, in billions, a multiplication and an addition counting as two. */
async function multiplyAddSpeed(examination: Examination): Promise<number> {
  const dense = await openDense(examination.headRuntime(), SIDE, SIDE)
  const layer = { kernel: new Float32Array(SIDE * SIDE).fill(0.5), bias: new Float32Array(SIDE), classes: SIDE }
  const rows = new Float32Array(SIDE * SIDE).fill(0.5)
  try {
    let best = Infinity
    for (let round = 0; round <= ROUNDS; round++) {
      const begun = performance.now()
      await dense.run(layer, rows)
      if (round > 0) best = Math.min(best, performance.now() - begun)
    }
    return (2 * SIDE ** 3) / best / 1e6
  } finally {
    await dense.dispose()
  }
}

function fallback({ job, config }: Examination, speed: number): CheckResult {
  const { gpu, ladder, why, cpu, runtime } = job.device
  const rung = ladder.find(({ id }) => id === 'tensorflow-gpu')
  const product = `One thread of ${cpu.model} multiplies ${SIDE} × ${SIDE} matrices at ${speed.toFixed(1)} GFLOP/s`
  const wanted = gpu !== null || runtime.flavour === 'gpu'
  if (!wanted) return passed('device/cpu-fallback', `There is no GPU; ${cpu.threads} threads compute. ${product}.`)
  if (rung?.state === 'active') return passed('device/cpu-fallback', `${gpu?.name ?? 'The GPU'} computes.`)
  const reason = rung?.reason ?? why ?? 'the reason is not known'
  return found('device/cpu-fallback', {
    severity: config.mode === 'finetune' ? 'severe' : 'warning',
    weight: 2,
    title: `${gpu?.name ?? 'A GPU'} is not used: ${cpu.threads} processor threads compute instead.`,
    evidence: {
      text: `${reason.replace(/\.$/, '')}.${rung?.remedy ? ` ${rung.remedy}` : ''} ${product}; a GPU does thousands.`,
      value: speed
    }
  })
}

function slow({ job }: Examination, speed: number): CheckResult {
  const text = `One thread multiplies at ${speed.toFixed(1)} GFLOP/s.`
  if (speed >= SLOW) return passed('device/slow', text)
  return found('device/slow', {
    severity: 'info',
    weight: 0.5,
    title: 'This machine computes far slower than its processor should: it is throttled, or busy with something else.',
    evidence: {
      text: `${text} ${job.device.cpu.model} is expected to do ten times as much.`,
      value: speed,
      expected: SLOW
    }
  })
}

/** It is refused when training starts; here it is mended with a click. */
export function precision({ config, job }: Pick<Examination, 'config' | 'job'>): CheckResult {
  const { mode, fineTune } = config
  if (mode === 'head' || fineTune.precision !== 'bfloat16') {
    return passed('device/no-bfloat16', 'What learns computes in float32, which every processor does.')
  }
  const { cpu, ladder } = job.device
  const onGpu = ladder.some(({ id, state }) => id === 'tensorflow-gpu' && state === 'active')
  const why = whyNoBfloat16({ onGpu, multiplies: cpu.bfloat16 ?? false })
  if (!why) return passed('device/no-bfloat16', `${cpu.model} multiplies bfloat16 itself.`)
  return found('device/no-bfloat16', {
    severity: 'severe',
    weight: 40,
    title: 'Training in bfloat16 cannot start on this machine.',
    evidence: { text: why },
    repair: { label: 'Train in float32', changes: { 'fineTune.precision': 'float32' } }
  })
}

/** Refused when the run starts, as above. Whether eight bits are too coarse for the backbone is measured then, on the images. */
export function frozenPrecision(
  { config, job }: Pick<Examination, 'config' | 'job'>,
  backbone: Pick<Backbone, 'name' | 'form'>
): CheckResult {
  if (config.frozenPrecision === 'float32') {
    return passed('device/no-int8', 'What is frozen computes in float32, which runs everywhere.')
  }
  const why = whyNoInt8({ backbone, frozen: job.device.frozen })
  if (!why) return passed('device/no-int8', 'ONNX Runtime runs what is frozen in eight bits.')
  return found('device/no-int8', {
    severity: 'severe',
    weight: 40,
    title: 'The frozen layers cannot run in eight bits.',
    evidence: { text: `${why[0]!.toUpperCase()}${why.slice(1)}.` },
    repair: { label: 'Freeze in float32', changes: { frozenPrecision: 'float32' } }
  })
}

async function memory(examination: Examination): Promise<CheckResult> {
  const { config, contract, job } = examination
  const { memoryBytes } = job.device.cpu
  const backbone = await examination.sized(contract.size)
  if (config.mode === 'head' || !backbone.features || !backbone.info.trainable) {
    return passed('device/memory', `A head takes little; the machine has ${formatBytes(memoryBytes)}.`)
  }
  const part = learningPart(backbone.features, config.fineTune.unfreeze)
  const values = [...inferShapes(part).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)
  const weights = [...part.weights.values()].reduce((sum, { data }) => sum + data.length, 0)
  const needed = values * config.fineTune.batchSize * BYTES_A_VALUE + weights * BYTES_A_WEIGHT
  const text = `A step on ${config.fineTune.batchSize} pictures takes about ${formatBytes(needed)}; the machine has ${formatBytes(memoryBytes)}.`
  if (needed < TOO_MUCH * memoryBytes) return passed('device/memory', text)
  const { batchSize, accumulate } = config.fineTune
  const half = Math.max(1, Math.floor(batchSize / 2))
  return found('device/memory', {
    severity: 'severe',
    weight: 30,
    title: 'A step of the fine-tuning may not fit into memory.',
    evidence: { text, value: needed, expected: TOO_MUCH * memoryBytes },
    repair: {
      label: `Batches of ${half}, averaged in pairs`,
      changes: { 'fineTune.batchSize': half, 'fineTune.accumulate': accumulate * 2 }
    }
  })
}
