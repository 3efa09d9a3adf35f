/** Whetstone's time and memory for one step of fine-tuning. Arguments: backbones folder, blocks to unfreeze, batch, threads. */
import { homedir } from 'node:os'
import { createRandom } from '../../../shared/random'
import { listBlocks } from '../../../main/engine/backbones/blocks'
import { layersOf, loadBackbone } from '../../../main/engine/backbones/load-backbone'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { NativeOps } from '../../../main/engine/executors/tensorflow-kernels/native-ops'
import { loadTensorFlow } from '../../../main/engine/runtime/load'
import { prepareRuntime } from '../../../main/engine/runtime/prepare'
import { splitForTraining } from '../../../main/engine/training/finetune'
import { NativeOptimizer } from '../../../main/engine/training/finetune/optimizer'
import { TrainableNetwork } from '../../../main/engine/training/finetune/trainable-network'
import { softTargets } from '../../../main/engine/training/head-data'
import { cacheDirectory } from '../../../main/paths'
import { serveLines } from './serve-lines'

const CLASSES = 10
const FEATURES = 1280

async function main([backbones, unfreezeText, batchText, threadsText]: string[]): Promise<void> {
  const [batch, threads] = [Number(batchText), Number(threadsText)]
  const unfreeze = unfreezeText === 'all' ? 'all' : Number(unfreezeText)
  const directory = cacheDirectory(process.env, process.platform, homedir())
  const { location } = await prepareRuntime({ cacheDirectory: directory, flavour: 'cpu' })
  const tf = loadTensorFlow(location, { threads })
  const graph = layersOf(await loadBackbone([backbones!], 'efficientnet-lite0'), 'Training')
  const { prefix, suffix } = splitForTraining(graph, listBlocks(graph), unfreeze)
  const frozen = prefix && (await (await createOnnxRuntimeExecutor({ threads })).load(prefix))
  const random = createRandom(1)
  const ops = new NativeOps(tf)
  const kernel = Float32Array.from({ length: FEATURES * CLASSES }, () => random.normal() * 0.03)
  const network = new TrainableNetwork(ops, suffix, { kernel, bias: new Float32Array(CLASSES), classes: CLASSES })
  const settings = { optimizer: 'adamw', weightDecay: 0.05, clipNorm: 1 } as const
  const optimizer = new NativeOptimizer(ops, network.parameters.all, settings)
  const images = Float32Array.from({ length: batch * 224 * 224 * 3 }, () => 2 * random.float() - 1)
  const labels = Array.from({ length: batch }, (_, index) => index % CLASSES)
  const shape = (frozen?.outputShape ?? [224, 224, 3]) as [number, number, number]

  await serveLines(async () => {
    const start = performance.now()
    const values = frozen ? await frozen.run(images, batch) : images
    const x = tf.tensor4d(values, [batch, ...shape])
    const targets = tf.tensor2d(softTargets(labels, CLASSES, 0.1), [batch, CLASSES])
    const { loss, gradients } = network.lossAndGradients(x, targets, null)
    optimizer.step(gradients, 1e-4)
    tf.dispose([x, targets])
    return { ms: performance.now() - start, loss }
  })
}

void main(process.argv.slice(2))
