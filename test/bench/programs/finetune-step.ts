/**
 * Whetstone's time and memory for one step of fine-tuning. Arguments: backbones folder, network, first block to learn or 'all',
 * batch, threads, 'recomputed' or 'cached' (what the frozen part's answers are), 'float32' or 'bfloat16' for what learns, 'float32' or
 * 'int8' for what is frozen.
 */
import { homedir } from 'node:os'
import { createRandom } from '../../../shared/random'
import { architectureOf, randomWeights } from '../../../main/engine/backbones/architectures/index'
import { listBlocks, splitAtBlock } from '../../../main/engine/backbones/blocks'
import type { NetworkGraph } from '../../../main/engine/backbones/graph'
import { layersOf, loadBackbone } from '../../../main/engine/backbones/load-backbone'
import type { ValueContract } from '../../../main/engine/data/normalize'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { NativeOps } from '../../../main/engine/executors/tensorflow-kernels/native-ops'
import { loadTensorFlow } from '../../../main/engine/runtime/load'
import { prepareRuntime } from '../../../main/engine/runtime/prepare'
import { prepareNetwork } from '../../../main/engine/training/finetune/prepare-network'
import { runPrefix } from '../../../main/engine/training/finetune/run-prefix'
import { TrainingStep } from '../../../main/engine/training/finetune/training-step'
import { cacheDirectory } from '../../../main/paths'
import { trainingConfigSchema } from '../../../shared/domain/training-config'
import type { LabelledImage } from '../../../shared/worker-protocol/train'
import { serveLines } from './serve-lines'

const CLASSES = 10
const FEATURES = 1280
const SIDE = 224
const PLAIN: ValueContract = { colorOrder: 'RGB', mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] }

async function main(args: string[]): Promise<void> {
  const [backbones, name, first, batchText, threadsText, kept, precision, frozenPrecision] = args as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string
  ]
  const [batch, threads] = [Number(batchText), Number(threadsText)]
  const directory = cacheDirectory(process.env, process.platform, homedir())
  const { location } = await prepareRuntime({ cacheDirectory: directory, flavour: 'cpu' })
  const tf = loadTensorFlow(location, { threads })
  const graph = await openGraph(backbones, name)
  const { prefix, suffix } = first === 'all' ? { prefix: null, suffix: graph } : splitAtBlock(graph, first)
  const executor = await createOnnxRuntimeExecutor({ threads })
  const ranges =
    prefix && frozenPrecision === 'int8' ? await executor.observe!(prefix, noisyPictures(), PLAIN) : undefined
  const frozen = prefix && (await executor.load(prefix, 'stream', ranges))
  const random = createRandom(1)
  const ops = new NativeOps(tf)
  const kernel = Float32Array.from({ length: FEATURES * CLASSES }, () => random.normal() * 0.03)
  const head = { kernel, bias: new Float32Array(CLASSES), classes: CLASSES }
  const config = trainingConfigSchema.parse({
    mode: 'finetune',
    fineTune: { batchSize: batch, labelSmoothing: 0.1, weightDecay: 0.05, clipNorm: 1, precision }
  })
  const blocks = listBlocks(graph)
  const { network } = prepareNetwork(ops, suffix, { blocks, head, config }, 1)
  const length = batch * SIDE * SIDE * 3
  // As the training has them: bytes before frozen layers, which are normalised there; numbers where all learns.
  const pictures = frozen
    ? Uint8Array.from({ length }, () => Math.floor(256 * random.float()))
    : Float32Array.from({ length }, () => 2 * random.float() - 1)
  const images = Array.from({ length: batch }, (_, id) => imageOf(id))
  const shape = (frozen?.outputShape ?? [SIDE, SIDE, 3]) as [number, number, number]
  const step = new TrainingStep(ops, network, config, images, shape)
  const through = frozen ? runPrefix(frozen, PLAIN) : null
  const make = async (): Promise<Float32Array> =>
    through ? through(pictures, batch) : (pictures as Float32Array).slice()
  const answers = await make()

  await serveLines(async () => {
    const start = performance.now()
    const values = kept === 'cached' ? answers.slice() : await make()
    const { loss } = step.take([{ images, values, step: 0, mix: null }], 1e-4)
    return { ms: performance.now() - start, loss }
  })
  await frozen?.dispose()
}

async function openGraph(backbones: string, name: string): Promise<NetworkGraph> {
  if (!name.startsWith('mobilenet-v2')) return layersOf(await loadBackbone([backbones], name), 'Training')
  return architectureOf(name).build({ weights: randomWeights(1), classes: null, size: SIDE })
}

/** What the pictures show has no part in the time. */
function noisyPictures(): Uint8Array[] {
  const random = createRandom(2)
  return [Uint8Array.from({ length: SIDE * SIDE * 3 }, () => Math.floor(256 * random.float()))]
}

const imageOf = (id: number): LabelledImage => ({
  id,
  path: '',
  hash: '',
  classIndex: id % CLASSES,
  split: 'train'
})

void main(process.argv.slice(2))
