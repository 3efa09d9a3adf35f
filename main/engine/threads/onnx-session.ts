/** Program of a thread that owns one ONNX Runtime session, since onnxruntime-node computes on the thread that calls it. */
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type * as OnnxRuntimeNode from 'onnxruntime-node'
import type { ByteScale } from '../backbones/onnx/quantized/ranges.ts'
import { tensorsFor, type OnnxBatch } from '../executors/onnx-input.ts'

/** What the thread starts with. */
export interface OnnxThreadData {
  model: Uint8Array
  options: OnnxRuntimeNode.InferenceSession.SessionOptions
  /** Names of the values to feed and to fetch; left out: the first of each. */
  ports?: { input: string; output: string }
  /** Of a network that takes its pictures as bytes. */
  scale: ByteScale | null
}

/** A batch with its shape. Bytes are normalised here, and may lie in shared memory. */
export type OnnxThreadInput = { dims: number[] } & OnnxBatch

export type OnnxThreadCall = { id: number } & OnnxThreadInput

/** The first answer, once the session is open, has the id −1. */
export type OnnxThreadAnswer = { id: number; output: Float32Array } | { id: number; error: string }

const runtime = createRequire(import.meta.url)('onnxruntime-node') as typeof OnnxRuntimeNode
const port = parentPort!
const { model, options, ports, scale } = workerData as OnnxThreadData

const fail = (id: number, error: unknown): void =>
  port.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies OnnxThreadAnswer)

const toTensor = tensorsFor(runtime, scale, { keep: true })

void runtime.InferenceSession.create(model, options).then(
  (session) => {
    const input = ports?.input ?? session.inputNames[0]!
    const output = ports?.output ?? session.outputNames[0]!
    const answer = async (call: OnnxThreadCall): Promise<void> => {
      const { id, dims } = call
      try {
        const results = await session.run({ [input]: toTensor(call, dims) }, [output])
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
