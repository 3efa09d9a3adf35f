/** Where a run is computed, with what, and from what: all that another machine would need to compute the same. */
import { createRequire } from 'node:module'
import sharp from 'sharp'
import type { RunEnvironment } from '@shared/domain/run'
import type { TrainJob } from '@shared/worker-protocol/train'
import type { ExecutorChoice } from '../executors/choose'
import type { HeadRuntime } from './head-sessions'
import type { RunIdentity } from './resume/run-state'

export function environmentOf(
  job: TrainJob,
  { frozen, training, reason }: ExecutorChoice,
  head: HeadRuntime,
  { dataset, split, backbone }: RunIdentity
): RunEnvironment {
  const trains = job.config.mode === 'finetune' && training ? training : head
  const versions: Record<string, string> = { node: process.versions.node, [head.id]: head.version }
  for (const executor of [frozen, training]) if (executor) versions[executor.id] = executor.version
  // TensorFlow's is that of the library; what calls it has its own.
  if ('tensorflow' in versions) versions['tfjs'] = tfjsVersion()
  const { sharp: decoder, vips } = sharp.versions
  if (decoder) versions['sharp'] = decoder
  versions['libvips'] = vips
  return {
    frozenExecutor: frozen.id,
    trainingExecutor: trains.id,
    device: 'device' in trains ? trains.device : frozen.device,
    threads: job.threads,
    fallback: reason ?? job.fallback,
    versions,
    hashes: { dataset, split, backbone }
  }
}

function tfjsVersion(): string {
  const require = createRequire(import.meta.url)
  return (require('@tensorflow/tfjs-node-gpu/package.json') as { version: string }).version
}
