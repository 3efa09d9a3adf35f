/** Pictures as the tensor that an ONNX session takes. Read by a thread as it is: relative imports only. */
import type { TypedTensor } from 'onnxruntime-node'
import type { ByteScale } from '../backbones/onnx/quantized/ranges.ts'
import { normalize, normalizeToBytes, toBytes, type ValueContract } from '../data/normalize.ts'

/** NHWC: as numbers, or as RGB bytes that become numbers as the contract says. */
export type OnnxBatch = { data: Float32Array } | { bytes: Uint8Array; contract: ValueContract }

export interface OnnxTensors {
  Tensor: {
    new (type: 'float32', data: Float32Array, dims: readonly number[]): TypedTensor<'float32'>
    new (type: 'uint8', data: Uint8Array, dims: readonly number[]): TypedTensor<'uint8'>
  }
}

export type ToTensor = (batch: OnnxBatch, dims: readonly number[]) => TypedTensor<'float32'> | TypedTensor<'uint8'>

/**
 * @param scale of a network that takes bytes
 * @param keep write every batch into the same memory: a large buffer for every call keeps the garbage collector busy. Only for
 *   who makes no tensor before the last one has been used.
 */
export function tensorsFor(runtime: OnnxTensors, scale: ByteScale | null, { keep }: { keep: boolean }): ToTensor {
  let floats = new Float32Array()
  let integers = new Uint8Array()
  const roomForFloats = (length: number): Float32Array => {
    if (!keep) return new Float32Array(length)
    if (floats.length < length) floats = new Float32Array(length)
    return floats.subarray(0, length)
  }
  const roomForBytes = (length: number): Uint8Array => {
    if (!keep) return new Uint8Array(length)
    if (integers.length < length) integers = new Uint8Array(length)
    return integers.subarray(0, length)
  }
  return (batch, dims) => {
    if ('data' in batch) {
      const { data } = batch
      return scale ? new runtime.Tensor('uint8', toBytes(data, scale), dims) : new runtime.Tensor('float32', data, dims)
    }
    const { bytes, contract } = batch
    const { length } = bytes
    return scale
      ? new runtime.Tensor('uint8', normalizeToBytes(bytes, contract, scale, roomForBytes(length)), dims)
      : new runtime.Tensor('float32', normalize(bytes, contract, roomForFloats(length)), dims)
  }
}
