/** Where frozen layers can run in eight bits, and why not here. */
import { StudioError } from '../errors'
import type { Backbone, ExecutorId } from './backbone'

export interface Int8Place {
  backbone: Pick<Backbone, 'name' | 'form'>
  /** What runs the frozen layers. */
  frozen: ExecutorId
}

const RUNS: Record<Exclude<ExecutorId, 'onnxruntime'>, string> = {
  tensorflow: 'the GPU runs what is frozen here, through TensorFlow, in float32',
  wasm: 'ONNX Runtime does not load here, and WebAssembly runs what is frozen in float32'
}

/** Null where they can. A part of a sentence: it follows a colon. */
export function whyNoInt8({ backbone, frozen }: Int8Place): string | null {
  if (backbone.form !== 'graph') return `'${backbone.name}' is kept as ${backbone.form}, which is run as it is`
  return frozen === 'onnxruntime' ? null : RUNS[frozen]
}

/** @throws StudioError device/no-int8 where they cannot */
export function assertInt8(place: Int8Place): void {
  const why = whyNoInt8(place)
  if (why) throw noInt8(why)
}

export const noInt8 = (why: string): StudioError =>
  new StudioError('device/no-int8', `The frozen layers cannot run in eight bits: ${why}.`, { key: 'frozenPrecision' })
