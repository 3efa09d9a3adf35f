/** What the recommendation for a dataset is reckoned from, gathered from the studio. */
import { whyNoInt8 } from '@shared/domain/int8'
import { recommendedConfig, type Recommendation } from '@shared/domain/recommendation'
import { trainingConfigSchema, type PresetId, type TrainingMode } from '@shared/domain/training-config'
import type { RunContext } from './context'
import { readData } from './preflight'
import { featureKey, readSpeeds } from './speeds'

export interface RecommendRequest {
  datasetId: string
  mode: TrainingMode
  preset: PresetId
  /** Left out: the one that a configuration has by default. */
  backboneId?: string
}

/**
 * The recommended configuration for a dataset on this machine, with a reason for each setting that follows from them.
 *
 * @throws StudioError dataset/not-found, backbone/not-found
 */
export async function recommend(context: RunContext, request: RecommendRequest): Promise<Recommendation> {
  const { mode, preset, backboneId = trainingConfigSchema.parse({}).backboneId } = request
  const { compute, store } = context
  const { dataset, classes } = await readData(context, request.datasetId)
  const backbone = await context.backbone(backboneId)
  const sizes = classes.map(({ total }) => total)
  const { cpu, frozen } = compute.report()
  const { size } = backbone.contract
  const measured = (await readSpeeds(store.facts))[featureKey(backboneId, size, frozen)]
  const { config, reasons } = recommendedConfig({
    mode,
    preset,
    images: dataset.imageCount,
    classes: classes.length,
    smallestClass: Math.min(...sizes, dataset.imageCount),
    largestClass: Math.max(...sizes, 0),
    threads: cpu.threads,
    tensorflowReady: compute.runtime() !== null,
    blocks: backbone.blocks.length,
    msPerImage: measured === undefined ? (backbone.speed?.msPerImage ?? null) : measured * 1000,
    int8: whyNoInt8({ backbone, frozen }) === null,
    untrained: backbone.provenance?.how === 'random'
  })
  return { config: { ...config, backboneId }, reasons }
}
