/** A training picture as one epoch sees it. */
import { z } from 'zod'

export const augmentationVariantSchema = z.object({
  imageId: z.int(),
  /** Counted from 1; 0: as evaluation sees it, without augmentation. */
  epoch: z.int().min(0),
  /** What was done to it, in words: 'mirrored, turned 6° clockwise'. */
  description: z.string(),
  /** WebP data address, of the side that the network reads. */
  picture: z.string()
})
export type AugmentationVariant = z.infer<typeof augmentationVariantSchema>
