/** Functions of one value: as layers, inside other layers, and as functions of keras.ops and tf.nn. */
import { z } from 'zod'
import type { ActivationKind } from '../../../graph'
import { input, lastAxisOnly, settings, unsupported, type Converter, type LayerSite } from '../layer-site'

/** A name, or Keras 3's description of a function, of which the name counts. */
export const activationSetting = z
  .unknown()
  .optional()
  .transform((value) => nameOf(value) ?? (value === undefined || value === null ? null : value))

function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  const described = z
    .object({ class_name: z.string(), config: z.unknown(), registered_name: z.unknown().optional() })
    .safeParse(value)
  if (!described.success) return undefined
  const { class_name, config, registered_name } = described.data
  if (class_name !== 'function') return undefined
  return typeof config === 'string' ? config : typeof registered_name === 'string' ? registered_name : undefined
}

/** Names in all spellings: keras.activations, keras.ops, tf.nn. */
const KINDS = new Map<string, ActivationKind>([
  ['sigmoid', 'sigmoid'],
  ['tanh', 'tanh'],
  ['swish', 'swish'],
  ['silu', 'swish'],
  ['hard_swish', 'hardSwish'],
  ['hard_silu', 'hardSwish'],
  ['gelu', 'gelu'],
  ['softmax', 'softmax'],
  ['elu', 'elu']
])

/** @throws StudioError backbone/unsupported-layer naming the function */
export function applyActivation(site: LayerSite, activation: unknown, name: string, from: string): string {
  const { draft } = site
  if (typeof activation !== 'string') throw unsupported(site, 'its activation is not a function with a name')
  const plain = activation.slice(activation.lastIndexOf('>') + 1)
  if (plain === 'linear') return from
  if (plain === 'relu') return draft.push({ name, op: 'relu', input: from, max: null })
  if (plain === 'relu6') return draft.push({ name, op: 'relu', input: from, max: 6 })
  if (plain === 'leaky_relu') return draft.push({ name, op: 'activation', kind: 'leakyRelu', alpha: 0.2, input: from })
  if (plain === 'hard_sigmoid') return hardSigmoid(site, name, from)
  const kind = KINDS.get(plain)
  if (!kind) throw unsupported(site, `the activation '${plain}' is not supported`)
  return draft.push({ name, op: 'activation', kind, input: from, ...(kind === 'elu' ? { alpha: 1 } : {}) })
}

/** relu6(x + 3) / 6 in Keras 3; before it (and in TF.js) x / 5 + ½ between 0 and 1. */
function hardSigmoid({ draft, version }: LayerSite, name: string, from: string): string {
  if (version === 3) return draft.push({ name, op: 'activation', kind: 'hardSigmoid', input: from })
  const line = draft.freeName(`${name}/line`)
  draft.push({ name: line, op: 'affine', input: from, scale: [0.2], offset: [0.5] })
  return draft.push({ name, op: 'relu', input: line, max: 1 })
}

const activation: Converter = (site) =>
  applyActivation(site, settings(site, z.object({ activation: activationSetting })).activation, site.name, input(site))

const ceiling = z.number().nullish()
const slope = z.union([z.number(), z.array(z.number()).length(1), z.null()]).optional()
const first = (value: number | number[] | null | undefined, otherwise: number): number =>
  (Array.isArray(value) ? value[0] : value) ?? otherwise

const relu: Converter = (site) => {
  const { max_value, negative_slope, threshold } = settings(
    site,
    z.object({ max_value: ceiling, negative_slope: slope, threshold: slope })
  )
  const { draft, name } = site
  if (first(threshold, 0) !== 0) throw unsupported(site, 'a threshold other than 0 is not supported')
  const alpha = first(negative_slope, 0)
  if (alpha === 0) return draft.push({ name, op: 'relu', input: input(site), max: max_value ?? null })
  if (typeof max_value !== 'number')
    return draft.push({ name, op: 'activation', kind: 'leakyRelu', alpha, input: input(site) })
  // min(y, max) is max − relu(max − y).
  const step = (suffix: string): string => draft.freeName(`${name}/${suffix}`)
  const mirror = { scale: [-1], offset: [max_value] }
  const leaky = draft.push({ name: step('leaky'), op: 'activation', kind: 'leakyRelu', alpha, input: input(site) })
  const below = draft.push({ name: step('below'), op: 'affine', input: leaky, ...mirror })
  const cut = draft.push({ name: step('cut'), op: 'relu', input: below, max: null })
  return draft.push({ name, op: 'affine', input: cut, ...mirror })
}

const leakyRelu: Converter = (site) => {
  const setting = settings(site, z.object({ alpha: slope, negative_slope: slope }))
  const alpha = first(setting.negative_slope ?? setting.alpha, 0.3)
  return site.draft.push({ name: site.name, op: 'activation', kind: 'leakyRelu', alpha, input: input(site) })
}

const elu: Converter = (site) => {
  const alpha = first(settings(site, z.object({ alpha: slope })).alpha, 1)
  return site.draft.push({ name: site.name, op: 'activation', kind: 'elu', alpha, input: input(site) })
}

const softmax: Converter = (site) => {
  lastAxisOnly(site, site.config['axis'] ?? -1)
  return site.draft.push({ name: site.name, op: 'activation', kind: 'softmax', input: input(site) })
}

/** keras.ops and tf.nn: the function's name in snake case. */
export function applyFunction(site: LayerSite, name: string): string | null {
  if (name === 'gelu' && (site.keywords.get('approximate') ?? site.config['approximate']) === true) {
    throw unsupported(site, "gelu's approximation by tanh is not supported, only the exact function")
  }
  if (name === 'leaky_relu') {
    const given = site.keywords.get('negative_slope') ?? site.keywords.get('alpha') ?? site.config['negative_slope']
    const alpha = typeof given === 'number' ? given : numberOf(given)
    return site.draft.push({
      name: site.name,
      op: 'activation',
      kind: 'leakyRelu',
      alpha: alpha ?? 0.2,
      input: input(site)
    })
  }
  if (!KINDS.has(name) && !['relu', 'relu6', 'hard_sigmoid'].includes(name)) return null
  return applyActivation(site, name, site.name, input(site))
}

function numberOf(operand: unknown): number | undefined {
  const numbers = z.object({ numbers: z.tuple([z.number()]) }).safeParse(operand)
  return numbers.success ? numbers.data.numbers[0] : undefined
}

export const ACTIVATIONS: [string, Converter][] = [
  ['Activation', activation],
  ['ReLU', relu],
  ['LeakyReLU', leakyRelu],
  ['ELU', elu],
  ['Softmax', softmax]
]
