/** Where a run looked in a picture, and which training images it takes to be like one. */
import { z } from 'zod'
import { imageRecordSchema } from './dataset'

/**
 * `grad-cam`: how much each place of the last feature map speaks for the class (Selvaraju et al. 2017,
 * https://arxiv.org/abs/1610.02391). `occlusion`: how much less sure the run is when a grey patch hides a place (Zeiler & Fergus
 * 2014, https://arxiv.org/abs/1311.2901).
 */
export const heatMethodSchema = z.enum(['grad-cam', 'occlusion'])
export type HeatMethod = z.infer<typeof heatMethodSchema>

/** A picture of a dataset, an upload (see POST /upload), or a file on the studio's machine. */
export const pictureSourceSchema = z.union([
  z.object({ imageId: z.int() }),
  z.object({ uploadId: z.string() }),
  z.object({ path: z.string() })
])
export type PictureSource = z.infer<typeof pictureSourceSchema>

export const heatMapSchema = z.object({
  /** Cells across and down what the network saw. */
  width: z.int().min(1),
  height: z.int().min(1),
  /** A byte for each cell in base64, row after row from the top left: 0 speaks not at all for the class, 255 is `peak`. */
  values: z.string(),
  /**
   * What the byte 255 stands for. Grad-CAM: the class's logit if the whole picture were like that place, less the bias. Occlusion:
   * how far the class's log-odds, ln(p / (1 − p)), fall when that place is hidden. Nothing speaks for the class where it is 0.
   */
  peak: z.number().min(0),
  /** Of the picture after EXIF rotation, pixels. */
  picture: z.object({ width: z.int(), height: z.int() }),
  /** What the network saw of it, in the same pixels, which the cells divide evenly. It may reach over the edge. */
  box: z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() }),
  classIndex: z.int(),
  classLabel: z.string(),
  /** Of the class for the whole picture, calibrated where the run is. */
  probability: z.number(),
  /** What was done, which is not what was asked for where `note` says so. */
  method: heatMethodSchema,
  note: z.string().nullable(),
  /** Where it was asked for: the picture with the map over it and what was not seen dimmed, as a PNG data address. */
  overlay: z.string().nullable(),
  /** All of it, with reading the picture. */
  ms: z.number()
})
export type HeatMap = z.infer<typeof heatMapSchema>

export const similarImagesSchema = z.object({
  /** The nearest first. */
  images: z.array(
    z.object({
      image: imageRecordSchema,
      /** 1 − cosine of the two rows of features: 0 is the same, 1 has nothing in common. */
      distance: z.number()
    })
  ),
  /** Training images that were compared. */
  compared: z.int(),
  /** Whose features they are when not the run's own, or what was left out; null when nothing is to be said. */
  note: z.string().nullable(),
  ms: z.number()
})
export type SimilarImages = z.infer<typeof similarImagesSchema>
