/** Normalisations and fixed rescalings. */
import { z } from 'zod'
import type { WeightTensor } from '../../../graph'
import { numbersOf } from '../calls'
import { input, lastAxisOnly, settings, unsupported, weight, type Converter, type LayerSite } from '../layer-site'

const toggles = { scale: z.boolean().default(true), center: z.boolean().default(true) }

const batchNormalization: Converter = (site) => {
  const { epsilon, scale, center, axis } = settings(
    site,
    z.object({ epsilon: z.number().min(0).default(1e-3), axis: z.unknown().optional(), ...toggles })
  )
  lastAxisOnly(site, axis ?? -1)
  // Variables that are switched off are not counted.
  let index = 0
  return site.draft.push({
    name: site.name,
    op: 'batchNorm',
    input: input(site),
    gamma: scale ? weight(site, ['gamma'], index++) : null,
    beta: center ? weight(site, ['beta'], index++) : null,
    mean: weight(site, ['moving_mean'], index++),
    variance: weight(site, ['moving_variance'], index),
    epsilon
  })
}

const layerNormalization: Converter = (site) => {
  const setting = settings(
    site,
    z.object({
      epsilon: z.number().min(0).default(1e-3),
      axis: z.unknown().optional(),
      rms_scaling: z.boolean().nullish(),
      ...toggles
    })
  )
  if (setting.rms_scaling) throw unsupported(site, 'scaling by the root mean square is not supported')
  lastAxisOnly(site, setting.axis ?? -1)
  let index = 0
  return site.draft.push({
    name: site.name,
    op: 'layerNorm',
    input: input(site),
    gamma: setting.scale ? weight(site, ['gamma'], index++) : null,
    beta: setting.center ? weight(site, ['beta'], index) : null,
    epsilon: setting.epsilon
  })
}

/** Of ConvNeXt: every channel times a learned number. */
const layerScale: Converter = (site) =>
  site.draft.push({ name: site.name, op: 'scale', input: input(site), gamma: weight(site, ['gamma', 'variable'], 0) })

const numbers = z.unknown().optional()

const rescaling: Converter = (site) => {
  const setting = settings(site, z.object({ scale: numbers, offset: numbers }))
  return site.draft.push({
    name: site.name,
    op: 'affine',
    input: input(site),
    scale: numbersOf(site.name, setting.scale ?? 1),
    offset: numbersOf(site.name, setting.offset ?? 0)
  })
}

/** Smallest standard deviation that Keras divides by: `backend.epsilon()`. */
const SMALLEST = 1e-7

/** (x − mean) / √variance, fixed; the statistics are in the configuration, or variables that `adapt` filled. */
const normalization: Converter = (site) => {
  const setting = settings(
    site,
    z.object({ mean: numbers, variance: numbers, axis: z.unknown().optional(), invert: z.boolean().nullish() })
  )
  const axes = Array.isArray(setting.axis) ? (setting.axis as unknown[]) : [setting.axis ?? -1]
  if (axes.length > 0 && setting.axis !== null) lastAxisOnly(site, axes)
  const mean = statistic(site, setting.mean, 'mean', 0)
  const deviation = statistic(site, setting.variance, 'variance', 1).map((value) =>
    Math.max(Math.sqrt(value), SMALLEST)
  )
  const invert = setting.invert === true
  const at = (values: number[], index: number): number => values[values.length === 1 ? 0 : index]!
  const places = Array.from({ length: Math.max(mean.length, deviation.length) }, (_, index) => index)
  return site.draft.push({
    name: site.name,
    op: 'affine',
    input: input(site),
    scale: places.map((c) => (invert ? at(deviation, c) : 1 / at(deviation, c))),
    offset: places.map((c) => (invert ? at(mean, c) : -at(mean, c) / at(deviation, c)))
  })
}

function statistic(site: LayerSite, given: unknown, role: 'mean' | 'variance', index: number): number[] {
  if (given !== null && given !== undefined) return numbersOf(site.name, given)
  const key = weight(site, [role], index, (tensor: WeightTensor) => tensor)
  const { data } = site.draft.weights.get(key)!
  return numbersOf(site.name, [...data])
}

export const NORMS: [string, Converter][] = [
  ['BatchNormalization', batchNormalization],
  ['SyncBatchNormalization', batchNormalization],
  ['BatchNormalizationV1', batchNormalization],
  ['LayerNormalization', layerNormalization],
  ['LayerScale', layerScale],
  ['Rescaling', rescaling],
  ['Normalization', normalization]
]
