/** A run that begins where another one had its best epoch: that run's weights, as it left them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Finding } from '@shared/domain/finding'
import { StudioError } from '@shared/errors'
import { decodeSafetensors } from '@shared/formats/safetensors'
import type { TrainJob } from '@shared/worker-protocol/train'
import type { NetworkGraph, WeightTensor } from '../backbones/graph'
import { RESCUED_FILE, weightsOf, writeCheckpoint, type TrainedWeights } from './checkpoint'
import type { BestEpoch } from './finetune-contract'

export interface Start {
  weights: TrainedWeights
  /** What they came to on validation. */
  kept: BestEpoch
}

const bestSchema = z.object({ epoch: z.number(), validationLoss: z.number(), validationAccuracy: z.number() })

/**
 * @param weightsHash of the backbone in use
 * @returns `start` null where there is nothing to begin from, or it does not fit; `finding` says which, null when it was not asked for
 */
export async function readStart(
  { startFrom, classes, config }: Pick<TrainJob, 'startFrom' | 'classes' | 'config'>,
  weightsHash: string
): Promise<{ start: Start | null; finding: Finding | null }> {
  if (!startFrom) return { start: null, finding: null }
  const { name, file } = startFrom
  const anew = (why: string): { start: null; finding: Finding } => ({
    start: null,
    finding: {
      code: 'run/begun-anew',
      severity: 'info',
      title: `It began anew and not from the best of '${name}'.`,
      evidence: why
    }
  })
  if (!file) return anew('It left no weights that were chosen on these images.')
  const { tensors, metadata } = decodeSafetensors(await readFile(file))
  if (metadata['backboneWeightsHash'] !== weightsHash) return anew('It has another backbone.')
  if (metadata['classes'] !== JSON.stringify(classes)) return anew('It has other classes.')
  if (config.mode === 'head' && config.head.input === 'logits') return anew('A head on the old classes takes no start.')
  const weights = weightsOf(tensors)
  if (config.mode === 'head' && weights.tensors.size > 0)
    return anew('Its backbone was changed, and here it stays as it is.')
  const kept = bestSchema.parse(JSON.parse(metadata['epoch'] ?? 'null'))
  const percent = (100 * kept.validationAccuracy).toFixed(1)
  return {
    start: { weights, kept },
    finding: {
      code: 'run/begun-from',
      severity: 'info',
      title: `It began from the best epoch of '${name}'.`,
      evidence: `Epoch ${kept.epoch}: validation loss ${kept.validationLoss.toFixed(3)}, ${percent} % right.`
    }
  }
}

/**
 * Keeps the best weights from before a training ran away: another run can begin from them.
 *
 * @throws what it is given
 */
export async function rescue(error: unknown, job: TrainJob, weightsHash: string, best: Start | null): Promise<never> {
  if (best && error instanceof StudioError && error.code === 'run/diverged') {
    const source = { weightsHash, kept: best.kept }
    // What ended the training is what has to be told, not a full disk.
    await writeCheckpoint(join(job.directory, RESCUED_FILE), best.weights, job, source).catch(() => undefined)
  }
  throw error
}

/** The graph with some of its weights replaced. */
export const withTensors = (graph: NetworkGraph, tensors: ReadonlyMap<string, WeightTensor>): NetworkGraph =>
  tensors.size === 0 ? graph : { ...graph, weights: new Map([...graph.weights, ...tensors]) }
