/** The bounds of eight bits for a benchmark: they are set once for a dataset, before anything is timed. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadedBackbone } from '../../../main/engine/backbones/load-backbone'
import { quantizationFor, type Quantization } from '../../../main/engine/data/quantization'
import type { Executor } from '../../../main/engine/executors/executor'

export interface BoundsInput {
  backbone: LoadedBackbone
  executor: Executor
  root: string
  /** Of pictures, relative to `root`. */
  paths: readonly string[]
}

export async function quantizationOf({ backbone, executor, root, paths }: BoundsInput): Promise<Quantization> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-bounds-'))
  const images = paths.map((path) => ({ path, hash: path }))
  try {
    return await quantizationFor({ images, root, contract: backbone.info.contract, backbone, executor, directory })
  } finally {
    await rm(directory, { recursive: true })
  }
}
