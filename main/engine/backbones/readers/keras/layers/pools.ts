/** Pools, borders, and layers that only lay values out anew. */
import { z } from 'zod'
import { asMap } from '../../as-map'
import { channelsLast, input, pair, settings, unsupported, type Converter, type LayerSite } from '../layer-site'

const pool = z.object({
  pool_size: pair.default([2, 2]),
  strides: pair.nullish(),
  padding: z.enum(['same', 'valid']).default('valid'),
  data_format: channelsLast
})

const windowed =
  (op: 'maxPool' | 'averagePool'): Converter =>
  (site) => {
    const { pool_size: size, strides, padding } = settings(site, pool)
    return site.draft.push({ name: site.name, op, input: input(site), size, strides: strides ?? size, padding })
  }

const globalSetting = z.object({ keepdims: z.boolean().nullish(), data_format: channelsLast })

const globalAverage: Converter = (site) => {
  const keepDims = settings(site, globalSetting).keepdims === true
  return site.draft.push({ name: site.name, op: 'globalAveragePool', input: input(site), keepDims })
}

/** A window as large as the map. */
const globalMax: Converter = (site) => {
  const keepDims = settings(site, globalSetting).keepdims === true
  const { draft, name } = site
  const [height, width] = draft.shape(input(site))
  if (width === undefined) throw unsupported(site, 'it reads a feature vector')
  const size: [number, number] = [height, width]
  const own = keepDims ? name : draft.freeName(`${name}/map`)
  draft.push({ name: own, op: 'maxPool', input: input(site), size, strides: size, padding: 'valid' })
  return keepDims ? own : draft.push({ name, op: 'flatten', input: own })
}

const border = z.int().min(0)
const zeroPadding = z.object({
  padding: z
    .union([
      z.tuple([z.tuple([border, border]), z.tuple([border, border])]),
      z.tuple([border, border]).transform(([v, h]): [[number, number], [number, number]] => [
        [v, v],
        [h, h]
      ]),
      border.transform((n): [[number, number], [number, number]] => [
        [n, n],
        [n, n]
      ])
    ])
    .default([
      [1, 1],
      [1, 1]
    ]),
  data_format: channelsLast
})

const zeroPad: Converter = (site) => {
  const [[top, bottom], [left, right]] = settings(site, zeroPadding).padding
  return site.draft.push({ name: site.name, op: 'zeroPad', input: input(site), padding: { top, bottom, left, right } })
}

const flatten: Converter = (site) =>
  site.draft.shape(input(site)).length === 1
    ? input(site)
    : site.draft.push({ name: site.name, op: 'flatten', input: input(site) })

/** The shapes that occur in classifiers: to a vector, to [1, 1, channels] and back, or none at all. */
export function reshapeTo(site: LayerSite, wanted: readonly number[]): string {
  const { draft } = site
  const from = input(site)
  const shape: readonly number[] = draft.shape(from)
  const size = (sides: readonly number[]): number => sides.reduce((product, side) => product * side, 1)
  const known = size(wanted.filter((side) => side !== -1))
  const target = wanted.map((side) => (side === -1 ? size(shape) / known : side))
  if (target.join() === shape.join()) return from
  if (size(target) === size(shape)) {
    if (target.length === 1) return draft.push({ name: site.name, op: 'flatten', input: from })
    const map = target.length === 3 && target[0] === 1 && target[1] === 1 && shape.length === 1
    const made = map ? asMap(draft, from, site.name) : null
    if (made !== null) return made
  }
  throw unsupported(site, `a reshaping of [${shape}] to [${wanted}] is not supported`)
}

const reshape: Converter = (site) =>
  reshapeTo(site, settings(site, z.object({ target_shape: z.array(z.int().min(-1)).max(8) })).target_shape)

const dropout: Converter = (site) => {
  const { rate } = settings(site, z.object({ rate: z.number().min(0).max(1).default(0.5) }))
  return site.draft.push({ name: site.name, op: 'dropout', input: input(site), rate })
}

/** What a layer does only while training is not part of the network. */
const nothing: Converter = (site) => input(site)

const onlyInTraining: Converter = (site) => {
  site.draft.notes.add(`Layer '${site.name}' (${site.kind}) works in training only, and was left out.`)
  return input(site)
}

const NOTHING = ['SpatialDropout2D', 'StochasticDepth', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout']
const IDENTITY = ['ActivityRegularization', 'Identity', 'Masking']
const RANDOM = [
  'Flip',
  'Rotation',
  'Zoom',
  'Translation',
  'Contrast',
  'Brightness',
  'Crop',
  'Height',
  'Width',
  'Shear',
  'ColorJitter'
]

export const POOLS: [string, Converter][] = [
  ['MaxPooling2D', windowed('maxPool')],
  ['MaxPool2D', windowed('maxPool')],
  ['AveragePooling2D', windowed('averagePool')],
  ['AvgPool2D', windowed('averagePool')],
  ['GlobalAveragePooling2D', globalAverage],
  ['GlobalAvgPool2D', globalAverage],
  ['GlobalMaxPooling2D', globalMax],
  ['GlobalMaxPool2D', globalMax],
  ['ZeroPadding2D', zeroPad],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Dropout', dropout],
  ...[...NOTHING, ...IDENTITY].map((kind): [string, Converter] => [kind, nothing]),
  // A random crop to another size is not left out: what follows would not fit, and says so.
  ...RANDOM.map((kind): [string, Converter] => [`Random${kind}`, onlyInTraining])
]
