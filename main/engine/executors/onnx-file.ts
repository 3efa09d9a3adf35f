/** An ONNX file as it is: frozen, in the layout that it was exported with. */
import { readFile } from 'node:fs/promises'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { StudioError } from '@shared/errors'
import { readOnnxGraph } from '../backbones/readers/onnx/onnx-proto'
import { withOutput } from '../backbones/readers/onnx/with-output'
import type { FrozenNetwork, ModelFile } from './executor'
import { featuresShape, runInParts } from './model-file'
import type { OnnxRuntime } from './onnx-network'

/** @throws StudioError backbone/corrupt, backbone/unsupported-layer when ONNX Runtime cannot run it */
export async function loadOnnxFile(
  runtime: OnnxRuntime,
  model: ModelFile,
  options: InferenceSession.SessionOptions
): Promise<FrozenNetwork> {
  const { ports, size: side } = model
  const bytes = await readFile(model.path).catch((error: Error) => {
    throw broken(model, error)
  })
  const graph = readOnnxGraph(bytes, model.path)
  const input = graph.inputs.find(({ name }) => name === ports.input)
  const first = input?.shape?.[0] ?? -1
  const batch = first > 0 ? first : null
  const known = graph.outputs.some(({ name }) => name === ports.output)
  const session = await runtime.InferenceSession.create(known ? bytes : withOutput(bytes, ports.output), options).catch(
    (error: Error) => {
      throw broken(model, error)
    }
  )
  const dims = ports.layout === 'NCHW' ? [3, side, side] : [side, side, 3]
  const call = async (values: Float32Array, count: number): Promise<Tensor> => {
    const fed = ports.layout === 'NCHW' ? toPlanes(values, count, side * side) : values
    const feeds = { [ports.input]: new runtime.Tensor('float32', fed, [count, ...dims]) }
    return (await session.run(feeds, [ports.output]))[ports.output]!
  }
  const size = side * side * 3
  try {
    const probe = await call(new Float32Array((batch ?? 1) * size), batch ?? 1).catch((error: Error) => {
      throw broken(model, error)
    })
    if (probe.type !== 'float32') throw broken(model, new Error(`its output '${ports.output}' holds ${probe.type}`))
    const outputShape = featuresShape(model, probe.dims)
    return {
      inputShape: [side, side, 3],
      outputShape,
      run: (values, count) =>
        runInParts(values, count, size, outputShape[0], batch, async (part, images) => {
          return (await call(part, images)).data as Float32Array
        }),
      dispose: () => session.release()
    }
  } catch (error) {
    await session.release()
    throw error
  }
}

/** NHWC to NCHW: three planes, one for each channel. */
function toPlanes(values: Float32Array, count: number, pixels: number): Float32Array {
  const planes = new Float32Array(values.length)
  for (let image = 0; image < count; image++) {
    const start = image * pixels * 3
    for (let pixel = 0; pixel < pixels; pixel++) {
      const from = start + pixel * 3
      planes[start + pixel] = values[from]!
      planes[start + pixels + pixel] = values[from + 1]!
      planes[start + 2 * pixels + pixel] = values[from + 2]!
    }
  }
  return planes
}

/** What the runtime lacks is told apart from what is damaged. */
function broken({ name, path }: ModelFile, cause: Error): StudioError {
  const lacks = /NOT_IMPLEMENTED|not.{0,20}(implemented|registered)|opset|ir.?version/i.test(cause.message)
  const code = lacks ? 'backbone/unsupported-layer' : 'backbone/corrupt'
  return new StudioError(code, `ONNX Runtime cannot run '${name}': ${cause.message.trim()}.`, { path }, { cause })
}
