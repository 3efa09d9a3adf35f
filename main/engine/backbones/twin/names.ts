/** The many names of one weight, brought to ours: `layer/variable`. */

/** What the files of other times and programs call a variable. */
const VARIABLES: Record<string, string> = {
  weights: 'kernel',
  _kernel: 'kernel',
  depthwise_weights: 'kernel',
  depthwise_kernel: 'kernel',
  biases: 'bias'
}

/** Kinds that say what a variable is, whatever its layer is called. */
const KINDS = new Set(['kernel', 'bias', 'gamma', 'beta', 'moving_mean', 'moving_variance', 'mean', 'variance'])

/** `Conv1/kernel`, with every kernel called `kernel`. Scopes before the layer, such as the model's name, are dropped. */
export function plainName(name: string, layerName: (published: string) => string): string {
  const parts = (slimName(name) ?? name).replace(/:0$/, '').split('/')
  const variable = parts.at(-1)!
  const layer = parts.at(-2)
  return `${layer === undefined ? '' : layerName(layer)}/${VARIABLES[variable] ?? variable}`
}

/** 'kernel', 'gamma' …; null when the name does not say. */
export function kindOf(name: string): string | null {
  const last = name.replace(/:0$/, '').split('/').at(-1)!
  const kind = VARIABLES[last] ?? last
  return KINDS.has(kind) ? kind : null
}

/**
 * TF-Slim's MobileNets, whose names TensorFlow Hub's modules for TensorFlow 1 carry:
 * 'MobilenetV2/expanded_conv_3/expand/BatchNorm/gamma' is Keras' 'block_3_expand_BN/gamma'.
 */
function slimName(name: string): string | null {
  const [, version, path] = /(?:^|\/)MobilenetV([12])\/(.+)$/.exec(name) ?? []
  if (!version || !path) return null
  const parts = path.split('/')
  const variable = parts.pop()!
  const norm = parts.at(-1) === 'BatchNorm'
  if (norm) parts.pop()
  const layer = version === '1' ? slimLayerV1(parts, norm) : slimLayerV2(parts, norm)
  return layer && `${layer}/${variable}`
}

function slimLayerV1(parts: readonly string[], norm: boolean): string | null {
  if (parts[0] === 'Logits') return 'predictions'
  const [, number, kind] = /^Conv2d_(\d+)(?:_(depthwise|pointwise))?$/.exec(parts[0] ?? '') ?? []
  if (number === undefined) return null
  if (!kind) return norm ? 'conv1_bn' : 'conv1'
  const short = kind === 'depthwise' ? 'dw' : 'pw'
  return `conv_${short}_${number}${norm ? '_bn' : ''}`
}

function slimLayerV2(parts: readonly string[], norm: boolean): string | null {
  const [block, part] = parts
  if (block === 'Logits') return 'predictions'
  if (block === 'Conv') return norm ? 'bn_Conv1' : 'Conv1'
  if (block === 'Conv_1') return norm ? 'Conv_1_bn' : 'Conv_1'
  const [, number] = /^expanded_conv(?:_(\d+))?$/.exec(block ?? '') ?? [null]
  if (number === null || !part) return null
  const prefix = number === undefined ? 'expanded_conv' : `block_${number}`
  return `${prefix}_${part}${norm ? '_BN' : ''}`
}
