/** 2,000 small JPEGs to cached features through two backbones, beside every way that a Python user has. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownProgram, pythonPeer } from './contenders.ts'
import { BACKBONES, compareFeatures, featurePeer, kerasFeatures, THREADS, type FeaturePeer } from './feature-peers.ts'
import { photos } from './pictures.ts'
import type { BenchRow } from './rows.ts'

const LITE0 = 'efficientnet-lite0'
const MOBILENET = 'mobilenet-v2'

export async function bench(): Promise<BenchRow[]> {
  const folder = await photos({ count: 2000, width: 320, height: 240 })
  const lite0 = await kerasFeatures(join(BACKBONES, LITE0), folder, 2)
  const rows = await everyWay(LITE0, folder, lite0, ['127', '128', 'BICUBIC'])
  const mobileNet = await kerasFeatures(MOBILENET, folder, 2)
  return [...rows, ...(await everyWay(MOBILENET, folder, mobileNet, ['127.5', '127.5', 'BILINEAR']))]
}

/** @param contract the backbone's mean, standard deviation and resizing filter, as Pillow names it */
async function everyWay(backbone: string, folder: string, keras: FeaturePeer, contract: string[]): Promise<BenchRow[]> {
  const model = join(mkdtempSync(join(tmpdir(), 'bench-model-')), `${backbone}.onnx`)
  const writer = await ownProgram('write-onnx', [BACKBONES, backbone, model])
  await writer.work()
  await writer.end()
  const onnx = pythonPeer('features_onnx.py', [model, folder, THREADS, ...contract])
  const torch = pythonPeer('features_torch.py', [backbone, folder, THREADS, ...contract], 'torch')
  const name = `2,000 JPEGs of 320 × 240 (${backbone})`
  const peers = [
    keras,
    await featurePeer('ONNX Runtime + Pillow, two processes', onnx, 1.1),
    await featurePeer('PyTorch', torch, 1.1)
  ]
  return compareFeatures(name, folder, backbone, peers)
}
