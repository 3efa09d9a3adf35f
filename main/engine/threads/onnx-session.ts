/** Program of a thread that owns one ONNX Runtime session, since onnxruntime-node computes on the thread that calls it. */
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type * as OnnxRuntimeNode from 'onnxruntime-node'

/** What the thread starts with. */
export interface OnnxThreadData {
  model: Uint8Array
  options: OnnxRuntimeNode.InferenceSession.SessionOptions
  /** Names of the values to feed and to fetch; left out: the first of each. */
  ports?: { input: string; output: string }
}

export interface OnnxThreadCall {
  id: number
  data: Float32Array
  dims: number[]
}

/** The first answer, once the session is open, has the id −1. */
export type OnnxThreadAnswer = { id: number; output: Float32Array } | { id: number; error: string }

const runtime = createRequire(import.meta.url)('onnxruntime-node') as typeof OnnxRuntimeNode
const port = parentPort!
const { model, options, ports } = workerData as OnnxThreadData

const fail = (id: number, error: unknown): void =>
  port.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies OnnxThreadAnswer)

void runtime.InferenceSession.create(model, options).then(
  (session) => {
    const input = ports?.input ?? session.inputNames[0]!
    const output = ports?.output ?? session.outputNames[0]!
    port.on('message', ({ id, data, dims }: OnnxThreadCall) => {
      session.run({ [input]: new runtime.Tensor('float32', data, dims) }, [output]).then(
        (results) => {
          // A copy of its own: what the runtime gives lies in memory that cannot be handed to another thread.
          const values = (results[output]!.data as Float32Array).slice()
          port.postMessage({ id, output: values } satisfies OnnxThreadAnswer, [values.buffer])
        },
        (error) => fail(id, error)
      )
    })
    port.postMessage({ id: -1, output: new Float32Array() } satisfies OnnxThreadAnswer)
  },
  (error) => fail(-1, error)
)
