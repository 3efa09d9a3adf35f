/** An ONNX file as it is: frozen, in the layout that it was exported with. */
import { readFile } from 'node:fs/promises'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { StudioError } from '@shared/errors'
import { readOnnxGraph } from '../backbones/readers/onnx/onnx-proto'
import { withOutput } from '../backbones/readers/onnx/with-output'
import type { FrozenNetwork, ModelFile, NetworkUse } from './executor'
import { featuresShape, runInParts } from './model-file'
import type { OnnxRuntime } from './onnx-network'
import { loadOnThreads } from './onnx-threads'

type Options = InferenceSession.SessionOptions

/**
 * ONNX Runtime (1.30 is one) makes zeros around a map the padding of the maximum after it, which is never the maximum: where all
 * values are below zero, the zeros should be. Files of others are run without this step; what is written here avoids it.
 */
const withoutPadFusion = (options: Options): Options => ({
  ...options,
  extra: { ...options.extra, optimization: { disable_specified_optimizers: 'Pad_Fusion' } }
})

/**
 * @param use a stream runs on threads of its own where the file leaves the number of pictures free
 * @param cores for those threads
 * @throws StudioError backbone/corrupt, backbone/unsupported-layer when ONNX Runtime cannot run it
 */
export async function loadOnnxFile(
  runtime: OnnxRuntime,
  model: ModelFile,
  sessionOptions: Options,
  { use = 'single', cores }: { use?: NetworkUse; cores: number }
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
  const whole = known ? bytes : withOutput(bytes, ports.output)
  const options = withoutPadFusion(sessionOptions)
  const session = await runtime.InferenceSession.create(whole, options).catch((error: Error) => {
    throw broken(model, error)
  })
  const dims = ports.layout === 'NCHW' ? [3, side, side] : [side, side, 3]
  const arrange = (values: Float32Array, count: number): Float32Array =>
    ports.layout === 'NCHW' ? toPlanes(values, count, side * side) : values
  const call = async (values: Float32Array, count: number): Promise<Tensor> => {
    const feeds = { [ports.input]: new runtime.Tensor('float32', arrange(values, count), [count, ...dims]) }
    return (await session.run(feeds, [ports.output]))[ports.output]!
  }
  const size = side * side * 3
  try {
    const probe = await call(new Float32Array((batch ?? 1) * size), batch ?? 1).catch((error: Error) => {
      throw broken(model, error)
    })
    if (probe.type !== 'float32') throw broken(model, new Error(`its output '${ports.output}' holds ${probe.type}`))
    const shape = {
      inputShape: [side, side, 3] as [number, number, number],
      outputShape: featuresShape(model, probe.dims)
    }
    if (use === 'stream' && batch === null) {
      // Opened once to learn the shapes, and to say here why when it cannot be run.
      await session.release()
      return await loadOnThreads(whole, shape, options, cores, { feed: { ports, dims, arrange } })
    }
    return {
      ...shape,
      run: (values, count) =>
        runInParts(values, count, size, shape.outputShape[0]!, batch, async (part, images) => {
          return (await call(part, images)).data as Float32Array
        }),
      dispose: () => session.release()
    }
  } catch (error) {
    await session.release().catch(() => undefined)
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
