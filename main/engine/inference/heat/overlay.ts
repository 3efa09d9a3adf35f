/** A picture with its heat map over it, for a file or a report. */
import { paintHeat, type HeatCells } from '@shared/heat/paint'
import sharp from 'sharp'
import { BACKGROUND, decoding, type OpenImage } from '../../data/decode'
import type { Box } from '../../data/geometry'

/** Longest side of what is drawn, pixels; small pictures are enlarged, so that the map is seen on them. */
const LONGEST = 1024
const OPACITY = 0.65
/** What was not seen keeps this much of its light. */
const DIMMED = 0.35

/** @param box what the network saw, in the picture's pixels @returns PNG data address @throws StudioError image/corrupt */
export async function drawOverlay(image: OpenImage, box: Box, cells: HeatCells): Promise<string> {
  const scale = LONGEST / Math.max(image.width, image.height)
  const [width, height] = [atLeastOne(image.width * scale), atLeastOne(image.height * scale)]
  const pixels = await decoding(image.path, () =>
    image
      .pipeline()
      .clone()
      .resize(width, height, { fit: 'fill' })
      .flatten({ background: BACKGROUND })
      .toColourspace('srgb')
      .raw()
      .toBuffer()
  )
  const [left, top] = [Math.round(box.left * scale), Math.round(box.top * scale)]
  const [boxWidth, boxHeight] = [atLeastOne(box.width * scale), atLeastOne(box.height * scale)]
  const heat = paintHeat(cells, boxWidth, boxHeight)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3
      const [column, row] = [x - left, y - top]
      const seen = column >= 0 && row >= 0 && column < boxWidth && row < boxHeight
      const from = (row * boxWidth + column) * 4
      for (let channel = 0; channel < 3; channel++) {
        const share = seen ? (OPACITY * heat[from + 3]!) / 255 : 0
        const under = pixels[at + channel]! * (seen ? 1 : DIMMED)
        pixels[at + channel] = Math.round(under * (1 - share) + (seen ? heat[from + channel]! : 0) * share)
      }
    }
  }
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  return `data:image/png;base64,${png.toString('base64')}`
}

const atLeastOne = (side: number): number => Math.max(1, Math.round(side))
