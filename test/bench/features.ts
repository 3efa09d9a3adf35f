/**
 * From image files to cached features, end to end: Keras with tf.data on camera-sized JPEGs and on small PNGs, and on many small
 * JPEGs through two backbones every way that a Python user has.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownProgram, pythonPeer, takeTurns, type Contender } from './contenders.ts'
import { photos, sampleInOneFolder } from './pictures.ts'
import { median, row, type BenchRow, type Target } from './rows.ts'

const BACKBONES = join(import.meta.dirname, '../../resources/backbones')
const THREADS = '2'
const ROUNDS = { warmUp: 1, rounds: 5 }

interface Peer {
  name: string
  contender: Contender
  target: Target
}

export async function bench(): Promise<BenchRow[]> {
  const lite0 = join(BACKBONES, 'efficientnet-lite0')
  const camera = await photos({ count: 500, width: 640, height: 480 })
  const small = await photos({ count: 2000, width: 320, height: 240 })
  const sample = await sampleInOneFolder()
  const keras = (folder: string, ratioAtLeast: number, backbone = lite0): Promise<Peer> =>
    peer('Keras + tf.data', pythonPeer('features.py', [backbone, folder, THREADS]), ratioAtLeast)
  return [
    ...(await compare('500 JPEGs of 640 × 480', camera, 'efficientnet-lite0', [await keras(camera, 1.8)])),
    ...(await compare("the sample's PNGs", sample, 'efficientnet-lite0', [await keras(sample, 1.8)])),
    ...(await everyWay('efficientnet-lite0', small, await keras(small, 2), ['127', '128', 'BICUBIC'])),
    ...(await everyWay('mobilenet-v2', small, await keras(small, 2, 'mobilenet-v2'), ['127.5', '127.5', 'BILINEAR']))
  ]
}

/** @param contract the backbone's mean, standard deviation and resizing filter, as Pillow names it */
async function everyWay(backbone: string, folder: string, keras: Peer, contract: string[]): Promise<BenchRow[]> {
  const model = join(mkdtempSync(join(tmpdir(), 'bench-model-')), `${backbone}.onnx`)
  const writer = await ownProgram('write-onnx', [BACKBONES, backbone, model])
  await writer.work()
  await writer.end()
  const onnx = pythonPeer('features_onnx.py', [model, folder, THREADS, ...contract])
  const torch = pythonPeer('features_torch.py', [backbone, folder, THREADS, ...contract], 'torch')
  const name = `2,000 JPEGs of 320 × 240 (${backbone})`
  const peers = [
    keras,
    await peer('ONNX Runtime + Pillow, two processes', onnx, 1.1),
    await peer('PyTorch', torch, 1.1)
  ]
  return compare(name, folder, backbone, peers)
}

async function peer(name: string, starting: Promise<Contender>, ratioAtLeast: number): Promise<Peer> {
  return { name, contender: await starting, target: { ratioAtLeast } }
}

async function compare(name: string, folder: string, backbone: string, peers: Peer[]): Promise<BenchRow[]> {
  const own = await ownProgram('features', [BACKBONES, backbone, folder, THREADS])
  const contenders = [own, ...peers.map(({ contender }) => contender)]
  const [ours, ...theirs] = await takeTurns(contenders, ROUNDS)
  await Promise.all(contenders.map((contender) => contender.end()))
  const rate = (answers: Record<string, number>[]): number =>
    median(answers.map((answer) => answer['imagesPerSecond']!))
  return peers.map((peer, index) =>
    row(
      `features of ${name}, files to cache`,
      'images/s',
      rate(ours!),
      { name: peer.name, value: rate(theirs[index]!) },
      peer.target
    )
  )
}
