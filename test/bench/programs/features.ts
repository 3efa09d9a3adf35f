/**
 * Whetstone's time from image files to cached features. Arguments: backbones folder, backbone, images folder, threads, precision. The
 * bounds of eight bits are found before: once for a dataset, in about a second.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractFeatures } from '../../../main/engine/data/features'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { quantizationOf } from './bounds'
import { openBackbone } from './open-backbone'
import { serveLines } from './serve-lines'

async function main([backbones, id, root, threads, precision]: string[]): Promise<void> {
  const backbone = await openBackbone(backbones!, id!)
  const executor = await createOnnxRuntimeExecutor({ threads: Number(threads) })
  const paths = (await readdir(root!)).sort()
  const images = await Promise.all(
    paths.map(async (path, id) => {
      const bytes = await readFile(join(root!, path))
      return { id, path, hash: createHash('sha256').update(bytes).digest('hex') }
    })
  )
  const { contract } = backbone.info
  const quantization = precision === 'int8' ? await quantizationOf({ backbone, executor, root: root!, paths }) : null
  await serveLines(async () => {
    const cacheDirectory = await mkdtemp(join(tmpdir(), 'bench-features-'))
    const start = performance.now()
    const { computed } = await extractFeatures({
      images,
      root: root!,
      contract,
      backbone,
      executor,
      cacheDirectory,
      quantization
    })
    const seconds = (performance.now() - start) / 1000
    await rm(cacheDirectory, { recursive: true })
    return { imagesPerSecond: computed / seconds }
  })
}

void main(process.argv.slice(2))
