/** Heat maps as what a page can show. */
import type { HeatMap } from '@shared/domain/heat'
import { HEAT_COLOURS } from '@shared/heat/colours'
import { coverage, decodeCells, paintHeat } from '@shared/heat/paint'

/** Enough for a smooth picture of a dozen cells; the browser enlarges it further. */
const SIDE = 160

/**
 * @param gain above 0 where maps share a scale: this one's peak against the largest
 * @returns PNG data address, to be stretched over the map's box
 */
export function drawHeat(map: HeatMap, gain = 1): string {
  const canvas = document.createElement('canvas')
  canvas.width = SIDE
  canvas.height = SIDE
  const context = canvas.getContext('2d')
  if (!context) return ''
  const image = context.createImageData(SIDE, SIDE)
  image.data.set(paintHeat({ ...map, values: decodeCells(map.values) }, SIDE, SIDE, gain))
  context.putImageData(image, 0, 0)
  return canvas.toDataURL()
}

/** The map's box as shares of the picture. */
export function boxStyle({ box, picture }: Pick<HeatMap, 'box' | 'picture'>): Record<string, string> {
  return {
    left: percent(box.left / picture.width),
    top: percent(box.top / picture.height),
    width: percent(box.width / picture.width),
    height: percent(box.height / picture.height)
  }
}

/** Smaller slivers are the rounding of a crop. */
const LEAST_UNSEEN = 0.005

/** Whether the network did not see all of the picture. */
export function hasUnseen({ box, picture }: Pick<HeatMap, 'box' | 'picture'>): boolean {
  const right = picture.width - box.left - box.width
  const bottom = picture.height - box.top - box.height
  return (
    Math.max(box.left, right) > LEAST_UNSEEN * picture.width ||
    Math.max(box.top, bottom) > LEAST_UNSEEN * picture.height
  )
}

/** A clip path of all but the box. */
export function unseenClip({ box, picture }: Pick<HeatMap, 'box' | 'picture'>): string {
  const share = (value: number): string => percent(Math.min(Math.max(value, 0), 1))
  const [left, right] = [share(box.left / picture.width), share((box.left + box.width) / picture.width)]
  const [top, bottom] = [share(box.top / picture.height), share((box.top + box.height) / picture.height)]
  const outer = '0% 0%, 100% 0%, 100% 100%, 0% 100%, 0% 0%'
  return `polygon(evenodd, ${outer}, ${left} ${top}, ${right} ${top}, ${right} ${bottom}, ${left} ${bottom}, ${left} ${top})`
}

/** The scale of a legend, as opaque as over a picture. */
export function legendGradient(): string {
  const stops = Array.from({ length: 17 }, (_, index) => {
    const value = index / 16
    const [red, green, blue] = HEAT_COLOURS.subarray(Math.round(value * 255) * 3)
    return `rgb(${red} ${green} ${blue} / ${coverage(value).toFixed(2)}) ${percent(value)}`
  })
  return `linear-gradient(to right, ${stops.join(', ')})`
}

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`
