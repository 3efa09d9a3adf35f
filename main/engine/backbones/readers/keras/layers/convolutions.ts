/** Convolutions and dense layers. */
import { z } from 'zod'
import type { WeightTensor } from '../../../graph'
import { channelsLast, input, pair, settings, unsupported, weight, type Converter, type LayerSite } from '../layer-site'
import { applyActivation, activationSetting } from './activations'

const convolution = z.object({
  strides: pair.default([1, 1]),
  padding: z.enum(['same', 'valid']).default('valid'),
  dilation_rate: pair.default([1, 1]),
  data_format: channelsLast,
  groups: z.int().min(1).nullish(),
  use_bias: z.boolean().default(true),
  activation: activationSetting
})
type Convolution = z.infer<typeof convolution>

/** An activation inside a layer becomes a node of its own, which takes the layer's name so that consumers find it. */
function withActivation(site: LayerSite, activation: unknown, make: (name: string) => string): string {
  if (activation === null || activation === 'linear') return make(site.name)
  const inner = make(site.draft.freeName(`${site.name}/linear`))
  return applyActivation(site, activation, site.name, inner)
}

const windows = ({ strides, padding, dilation_rate }: Convolution) => ({ strides, padding, dilations: dilation_rate })

const conv2d: Converter = (site) => {
  const setting = settings(site, convolution)
  const channels = site.draft.shape(input(site)).at(-1)!
  const groups = setting.groups ?? 1
  const kernelOf = (tensor: WeightTensor): WeightTensor => {
    if (groups === 1) return tensor
    const [height, width, inside, filters] = tensor.shape as [number, number, number, number]
    if (groups !== channels || inside !== 1 || filters % channels !== 0) {
      throw unsupported(site, `it is grouped (${groups} groups of its ${channels} channels)`)
    }
    // As many groups as channels is a depthwise convolution; its numbers lie in the same order.
    return { shape: [height, width, channels, filters / channels], data: tensor.data }
  }
  const kernel = weight(site, ['kernel'], 0, kernelOf)
  const bias = setting.use_bias ? weight(site, ['bias'], 1) : null
  const op = groups === 1 ? 'conv2d' : 'depthwiseConv2d'
  return withActivation(site, setting.activation, (name) =>
    site.draft.push({ name, op, input: input(site), kernel, bias, ...windows(setting) })
  )
}

const depthwiseConv2d: Converter = (site) => {
  const setting = settings(site, convolution)
  const kernel = weight(site, ['depthwise_kernel', 'kernel'], 0)
  const bias = setting.use_bias ? weight(site, ['bias'], 1) : null
  return withActivation(site, setting.activation, (name) =>
    site.draft.push({ name, op: 'depthwiseConv2d', input: input(site), kernel, bias, ...windows(setting) })
  )
}

/** A depthwise convolution, then one of 1 × 1 across the channels. */
const separableConv2d: Converter = (site) => {
  const setting = settings(site, convolution)
  const depthwise = site.draft.push({
    name: site.draft.freeName(`${site.name}/depthwise`),
    op: 'depthwiseConv2d',
    input: input(site),
    kernel: weight(site, ['depthwise_kernel'], 0),
    bias: null,
    ...windows(setting)
  })
  const kernel = weight(site, ['pointwise_kernel'], 1)
  const bias = setting.use_bias ? weight(site, ['bias'], 2) : null
  return withActivation(site, setting.activation, (name) =>
    site.draft.push({ name, op: 'conv2d', input: depthwise, kernel, bias, ...pointwise })
  )
}

export const pointwise = { strides: [1, 1], padding: 'valid', dilations: [1, 1] } satisfies Record<string, unknown> as {
  strides: [number, number]
  padding: 'valid'
  dilations: [number, number]
}

/** Over each pixel when it reads a map. */
const dense: Converter = (site) => {
  const setting = settings(site, z.object({ use_bias: z.boolean().default(true), activation: activationSetting }))
  const onMap = site.draft.shape(input(site)).length === 3
  const asMap = ({ shape, data }: WeightTensor): WeightTensor => ({ shape: [1, 1, ...shape], data })
  const kernel = weight(site, ['kernel'], 0, onMap ? asMap : undefined)
  const bias = setting.use_bias ? weight(site, ['bias'], 1) : null
  return withActivation(site, setting.activation, (name) =>
    site.draft.push(
      onMap
        ? { name, op: 'conv2d', input: input(site), kernel, bias, ...pointwise }
        : { name, op: 'dense', input: input(site), kernel, bias }
    )
  )
}

export const CONVOLUTIONS: [string, Converter][] = [
  ['Conv2D', conv2d],
  ['Convolution2D', conv2d],
  ['DepthwiseConv2D', depthwiseConv2d],
  ['SeparableConv2D', separableConv2d],
  ['SeparableConvolution2D', separableConv2d],
  ['Dense', dense]
]
