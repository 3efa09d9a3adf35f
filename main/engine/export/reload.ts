/** Reads an exported model back by TF.js' own loader and runs it, as whoever takes it away will. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as tfjs from '@tensorflow/tfjs'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { loadTensorFlow } from '../runtime/load'

type TensorFlowJs = typeof tfjs

export interface ReloadedModel {
  /**
   * @param batch NHWC, count × size × size × 3 values.
   * @returns probabilities [count, classes].
   */
  predict(batch: Float32Array, count: number): Float32Array
  dispose(): void
}

/** @param runtime null: the model runs in plain JavaScript. */
export async function reloadLayersModel(directory: string, runtime: RuntimeLocation | null): Promise<ReloadedModel> {
  const tf = runtime ? loadTensorFlow(runtime) : await loadPlain()
  const model = await tf.loadLayersModel(folderHandler(tf, directory))
  const [, height, width, channels] = model.inputs[0]!.shape as [null, number, number, number]
  return {
    predict(batch, count) {
      return tf.tidy(() => {
        const output = model.predict(tf.tensor4d(batch, [count, height, width, channels])) as ReturnType<
          typeof tf.tensor2d
        >
        return Float32Array.from(output.dataSync<'float32'>())
      })
    },
    dispose: () => model.dispose()
  }
}

async function loadPlain(): Promise<TensorFlowJs> {
  // By require: packaged modules cannot be reached by import().
  const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as TensorFlowJs
  await tf.setBackend('cpu')
  return tf
}

/** What TF.js' node package does for file:// addresses; the plain one has nothing for folders. */
function folderHandler(tf: Pick<TensorFlowJs, 'io'>, directory: string): tfjs.io.IOHandler {
  return {
    async load() {
      const document = JSON.parse(await readFile(join(directory, 'model.json'), 'utf8')) as tfjs.io.ModelJSON
      return tf.io.getModelArtifactsForJSON(document, async (manifest) => {
        const shards = await Promise.all(
          manifest.flatMap((group) => group.paths).map((path) => readFile(join(directory, path)))
        )
        const bytes = Uint8Array.from(Buffer.concat(shards))
        return [manifest.flatMap((group) => group.weights), bytes.buffer]
      })
    }
  }
}
