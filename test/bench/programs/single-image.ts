/** Whetstone's time from one image file to its answer, warm. Arguments: backbones folder, images folder, threads, precision. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loadBackbone } from '../../../main/engine/backbones/load-backbone'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { predictImage } from '../../../main/engine/inference/predict'
import { withHead } from '../../../main/engine/inference/with-head'
import { quantizationOf } from './bounds'
import { serveLines } from './serve-lines'

const CLASSES = 10
const IMAGES = 100

async function main([backbones, root, threads, precision]: string[]): Promise<void> {
  const backbone = await loadBackbone([backbones!], 'efficientnet-lite0')
  const executor = await createOnnxRuntimeExecutor({ threads: Number(threads) })
  const { contract, featureWidth } = backbone.info
  // The time is the same whatever the head has learned.
  const kernel = Float32Array.from({ length: featureWidth * CLASSES }, (_, index) => Math.sin(index))
  const paths = (await readdir(root!)).sort().slice(0, IMAGES)
  const ranges =
    precision === 'int8' ? (await quantizationOf({ backbone, executor, root: root!, paths })).ranges : undefined
  const network = withHead(await backbone.openFeatures(executor, 'single', ranges), {
    kernel: { shape: [featureWidth, CLASSES], data: kernel },
    bias: { shape: [CLASSES], data: new Float32Array(CLASSES) },
    hidden: null
  })
  const classes = Array.from({ length: CLASSES }, (_, index) => `class ${index}`)
  const model = { classes, contract, temperature: 1, network }
  await serveLines(async () => {
    const times: number[] = []
    for (const path of paths) {
      const start = performance.now()
      await predictImage(model, join(root!, path))
      times.push(performance.now() - start)
    }
    return { milliseconds: times.sort((a, b) => a - b)[times.length >> 1]! }
  })
}

void main(process.argv.slice(2))
