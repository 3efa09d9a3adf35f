/** A SavedModel as it is, run by TensorFlow: frozen, since its graph holds no way back. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import { StudioError } from '@shared/errors'
import { assertOnlyComputes } from '../backbones/readers/saved-model/operations'
import { parseSavedModel, type MetaGraph } from '../backbones/readers/saved-model/saved-model-proto'
import type { TensorFlow } from '../runtime/load'
import type { FrozenNetwork, ModelFile } from './executor'
import { featuresShape, runInParts } from './model-file'

/** What the package's backend does with SavedModels; its own loader keeps every model's path, and offers no single output. */
interface SavedModelBackend {
  loadSavedModelMetaGraph(path: string, tags: string): number
  deleteSavedModel(id: number): void
  runSavedModel(id: number, inputs: Tensor[], infos: { name: string; tfDtype: string }[], outputs: string[]): Tensor[]
}

/** @throws StudioError backbone/corrupt when TensorFlow refuses it, backbone/unsupported-layer when it does more than compute */
export async function loadSavedModel(tf: TensorFlow, model: ModelFile): Promise<FrozenNetwork> {
  const backend = tf.backend() as unknown as SavedModelBackend
  const { input, output, batch } = await portsIn(model)
  const inputShape: [number, number, number] = [model.size, model.size, 3]
  const id = attempt(model, 'load', () => backend.loadSavedModelMetaGraph(model.path, 'serve'))
  const call = (values: Float32Array, count: number): { shape: number[]; values: Float32Array } => {
    const fed = tf.tensor4d(values, [count, ...inputShape], 'float32')
    try {
      const [result] = backend.runSavedModel(id, [fed], [{ name: input, tfDtype: 'DT_FLOAT' }], [output])
      const { shape } = result!
      const found = result!.dataSync<'float32'>()
      result!.dispose()
      return { shape, values: found }
    } finally {
      fed.dispose()
    }
  }
  try {
    const size = model.size * model.size * 3
    const first = attempt(model, 'run', () => call(new Float32Array((batch ?? 1) * size), batch ?? 1))
    const outputShape = featuresShape(model, first.shape)
    return {
      inputShape,
      outputShape,
      run: (values, count) =>
        runInParts(values, count, size, outputShape[0]!, batch, async (part, images) => call(part, images).values),
      dispose: async () => backend.deleteSavedModel(id)
    }
  } catch (error) {
    backend.deleteSavedModel(id)
    throw error
  }
}

/** Names of operations in the graph, and the size of the batch where the signature fixes it. */
async function portsIn(model: ModelFile): Promise<{ input: string; output: string; batch: number | null }> {
  const { ports } = model
  const file = join(model.path, 'saved_model.pb')
  const graph = await readGraph(file, model)
  const signature = graph.signatures.get(ports.signature ?? '')
  const [input, output] = [signature?.inputs.get(ports.input), signature?.outputs.get(ports.output)]
  if (!input || !output)
    throw broken(model, `signature '${ports.signature}' has no '${ports.input}' or '${ports.output}'`)
  assertOnlyComputes(graph, ports.signature!, file)
  const operation = (tensor: string): string => tensor.replace(/:0$/, '')
  const first = input.shape?.[0] ?? -1
  return { input: operation(input.tensor), output: operation(output.tensor), batch: first > 0 ? first : null }
}

async function readGraph(file: string, model: ModelFile): Promise<MetaGraph> {
  let graphs: MetaGraph[]
  try {
    graphs = parseSavedModel(await readFile(file))
  } catch (error) {
    throw broken(model, (error as Error).message)
  }
  const graph = graphs.find(({ tags }) => tags.length === 1 && tags[0] === 'serve')
  if (!graph) throw broken(model, 'it has no graph for serving')
  return graph
}

function attempt<T>(model: ModelFile, what: 'load' | 'run', work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw broken(model, `TensorFlow could not ${what} it: ${(error as Error).message}`)
  }
}

const broken = ({ name, path }: ModelFile, why: string): StudioError =>
  new StudioError('backbone/corrupt', `The SavedModel of '${name}' cannot be used: ${why}.`, { path })
