/** Augmentation shown before it is trained with. */
import type { AugmentationVariant } from '@shared/domain/augmentation'
import type { Backbone } from '@shared/domain/backbone'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { AugmentationConfig } from '@shared/domain/training-config'
import type { InferClient } from '../inference/infer-client'

export interface AugmentationContext {
  infer: InferClient
  /** @throws StudioError backbone/not-found */
  backbone(backboneId: string): Promise<Backbone>
  /** @throws StudioError image/not-found */
  imageFile(imageId: number): Promise<{ path: string }>
}

export interface AugmentationRequest {
  backboneId: string
  /** Null: the backbone's own. */
  contract: PreprocessingContract | null
  augmentation: AugmentationConfig
  seed: number
  imageIds: readonly number[]
  count: number
}

export class AugmentationService {
  constructor(private readonly context: AugmentationContext) {}

  /** @throws StudioError backbone/not-found, image/*, dataset/folder-missing */
  async preview(request: AugmentationRequest): Promise<AugmentationVariant[]> {
    const { backboneId, augmentation, seed, imageIds, count } = request
    const contract = request.contract ?? (await this.context.backbone(backboneId)).contract
    const pictures = await Promise.all(
      imageIds.map(async (imageId) => ({ imageId, path: (await this.context.imageFile(imageId)).path }))
    )
    const call = { type: 'augment', contract, augmentation, seed, pictures, count } as const
    const { variants } = await this.context.infer.call(call, 'augmented')
    return variants
  }
}
