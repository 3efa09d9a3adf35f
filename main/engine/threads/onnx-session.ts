/** Program of a thread that owns one ONNX Runtime session, since onnxruntime-node computes on the thread that calls it. */
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type * as OnnxRuntimeNode from 'onnxruntime-node'
import { normalize, type ValueContract } from '../data/normalize.ts'

/** What the thread starts with. */
export interface OnnxThreadData {
  model: Uint8Array
  options: OnnxRuntimeNode.InferenceSession.SessionOptions
  /** Names of the values to feed and to fetch; left out: the first of each. */
  ports?: { input: string; output: string }
}

/** A batch with its shape: as numbers, or as bytes to be normalised here, which may lie in shared memory. */
export type OnnxThreadInput = { dims: number[] } & (
  { data: Float32Array } | { bytes: Uint8Array; contract: ValueContract }
)

export type OnnxThreadCall = { id: number } & OnnxThreadInput

/** The first answer, once the session is open, has the id −1. */
export type OnnxThreadAnswer = { id: number; output: Float32Array } | { id: number; error: string }

const runtime = createRequire(import.meta.url)('onnxruntime-node') as typeof OnnxRuntimeNode
const port = parentPort!
const { model, options, ports } = workerData as OnnxThreadData

const fail = (id: number, error: unknown): void =>
  port.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies OnnxThreadAnswer)

/** The batch as numbers; kept, since a large buffer for every call keeps the garbage collector busy. */
let values = new Float32Array()

function valuesOf(input: OnnxThreadInput): Float32Array {
  if ('data' in input) return input.data
  const { bytes, contract } = input
  if (values.length < bytes.length) values = new Float32Array(bytes.length)
  return normalize(bytes, contract, values.subarray(0, bytes.length))
}

void runtime.InferenceSession.create(model, options).then(
  (session) => {
    const input = ports?.input ?? session.inputNames[0]!
    const output = ports?.output ?? session.outputNames[0]!
    const answer = async (call: OnnxThreadCall): Promise<void> => {
      const { id, dims } = call
      try {
        const results = await session.run({ [input]: new runtime.Tensor('float32', valuesOf(call), dims) }, [output])
        // A copy of its own: what the runtime gives lies in memory that cannot be handed to another thread.
        const rows = (results[output]!.data as Float32Array).slice()
        port.postMessage({ id, output: rows } satisfies OnnxThreadAnswer, [rows.buffer])
      } catch (error) {
        fail(id, error)
      }
    }
    // One after the other: the runtime starts a call a turn later, when the next must not have written over its numbers.
    let last: Promise<void> = Promise.resolve()
    port.on('message', (call: OnnxThreadCall) => {
      last = last.then(() => answer(call))
    })
    port.postMessage({ id: -1, output: new Float32Array() } satisfies OnnxThreadAnswer)
  },
  (error) => fail(-1, error)
)
