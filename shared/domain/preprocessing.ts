/**
 * The preprocessing contract: everything that stands between a picture and the numbers that a backbone was trained on.
 * It is data. It travels with the backbone, with each run and with each export, and one function applies it
 * (main/engine/data/preprocess.ts), in training, evaluation and prediction alike.
 */
import { z } from 'zod'

const perChannel = z.tuple([z.number(), z.number(), z.number()])

export const resizeFilterSchema = z.enum(['nearest', 'bilinear', 'bicubic', 'lanczos3'])
export type ResizeFilter = z.infer<typeof resizeFilterSchema>

/**
 * `center-crop`: the central square of `cropFraction` of the short side, resized to `size`. `squash`: the whole picture, its
 * aspect ratio lost. `pad`: the whole picture, letter-boxed in black.
 */
export const cropPolicySchema = z.enum(['center-crop', 'squash', 'pad'])

/** Sides of a picture, pixels. */
export const INPUT_SIZE = { least: 16, most: 1024 } as const

export const preprocessingContractSchema = z.object({
  /** Width and height of the network's input, pixels. */
  size: z.int().min(INPUT_SIZE.least).max(INPUT_SIZE.most),
  colorOrder: z.enum(['RGB', 'BGR']),
  /** The network sees (value − mean) / std, with value in 0–255, for each channel in `colorOrder`. */
  mean: perChannel,
  std: perChannel.refine((std) => std.every((value) => value > 0), 'each std must be above 0'),
  filter: resizeFilterSchema,
  crop: cropPolicySchema,
  /** Share of the short side that the central crop keeps (center-crop only), 0–1. */
  cropFraction: z.number().gt(0).max(1)
})
export type PreprocessingContract = z.infer<typeof preprocessingContractSchema>

/** Lowest and highest value that a contract lets a network see, over all channels. */
export function valueRange(contract: PreprocessingContract): [low: number, high: number] {
  const lows = contract.mean.map((mean, channel) => (0 - mean) / contract.std[channel]!)
  const highs = contract.mean.map((mean, channel) => (255 - mean) / contract.std[channel]!)
  return [Math.min(...lows), Math.max(...highs)]
}
