/** From image files to cached features, end to end, against Keras with tf.data: camera-sized JPEGs, and small PNGs. */
import { BACKBONES, compareFeatures, kerasFeatures } from './feature-peers.ts'
import { photos, sampleInOneFolder } from './pictures.ts'
import type { BenchRow } from './rows.ts'

const BACKBONE = 'efficientnet-lite0'

export async function bench(): Promise<BenchRow[]> {
  const camera = await photos({ count: 500, width: 640, height: 480 })
  const sample = await sampleInOneFolder()
  const keras = `${BACKBONES}/${BACKBONE}`
  return [
    ...(await compareFeatures('500 JPEGs of 640 × 480', camera, BACKBONE, [await kerasFeatures(keras, camera, 1.8)])),
    ...(await compareFeatures("the sample's PNGs", sample, BACKBONE, [await kerasFeatures(keras, sample, 1.8)]))
  ]
}
