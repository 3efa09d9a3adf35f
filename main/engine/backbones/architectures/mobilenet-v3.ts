/** MobileNetV3: searched for, with gates and hard swish. https://arxiv.org/abs/1905.02244 */
import type { NetworkGraph } from '../graph'
import { makeDivisible, raw, type Architecture, type BuildOptions } from './architecture'
import { GraphBuilder, RESIDUAL_GAIN } from './builder'

const SIZE = 224
const GATE_RATIO = 0.25

type Activate = 'relu' | 'hardSwish'

/** [expansion, filters, kernel, strides, gated, activation]; the minimalistic form takes 3, no gate and relu everywhere. */
type Row = readonly [expansion: number, filters: number, kernel: 3 | 5, strides: 1 | 2, gated: boolean, act: Activate]

const SMALL: readonly Row[] = [
  [1, 16, 3, 2, true, 'relu'],
  [72 / 16, 24, 3, 2, false, 'relu'],
  [88 / 24, 24, 3, 1, false, 'relu'],
  [4, 40, 5, 2, true, 'hardSwish'],
  [6, 40, 5, 1, true, 'hardSwish'],
  [6, 40, 5, 1, true, 'hardSwish'],
  [3, 48, 5, 1, true, 'hardSwish'],
  [3, 48, 5, 1, true, 'hardSwish'],
  [6, 96, 5, 2, true, 'hardSwish'],
  [6, 96, 5, 1, true, 'hardSwish'],
  [6, 96, 5, 1, true, 'hardSwish']
]

const LARGE: readonly Row[] = [
  [1, 16, 3, 1, false, 'relu'],
  [4, 24, 3, 2, false, 'relu'],
  [3, 24, 3, 1, false, 'relu'],
  [3, 40, 5, 2, true, 'relu'],
  [3, 40, 5, 1, true, 'relu'],
  [3, 40, 5, 1, true, 'relu'],
  [6, 80, 3, 2, false, 'hardSwish'],
  [2.5, 80, 3, 1, false, 'hardSwish'],
  [2.3, 80, 3, 1, false, 'hardSwish'],
  [2.3, 80, 3, 1, false, 'hardSwish'],
  [6, 112, 3, 1, true, 'hardSwish'],
  [6, 112, 3, 1, true, 'hardSwish'],
  [6, 160, 5, 2, true, 'hardSwish'],
  [6, 160, 5, 1, true, 'hardSwish'],
  [6, 160, 5, 1, true, 'hardSwish']
]

const VARIANTS = {
  small: { rows: SMALL, lastFilters: 1024, name: 'Small' },
  large: { rows: LARGE, lastFilters: 1280, name: 'Large' }
}

interface Variant {
  form: keyof typeof VARIANTS
  alpha: number
  minimalistic: boolean
}

export function mobileNetV3(variant: Variant): Architecture {
  const { form, alpha, minimalistic } = variant
  const suffix = minimalistic ? ' minimalistic' : ''
  return {
    id: `mobilenet-v3-${form}-${alpha.toFixed(2)}${suffix.replace(' ', '-')}`,
    name: `MobileNetV3 ${VARIANTS[form].name} ${alpha.toFixed(2)}${suffix}`,
    family: 'MobileNetV3',
    contract: raw(SIZE, 'bilinear'),
    license: 'Apache-2.0',
    source: `Keras Applications (MobileNetV3${VARIANTS[form].name}), trained on ImageNet by Google`,
    build: (options) => build(variant, options),
    // Before Keras 3: 'Conv/BatchNorm', 'expanded_conv_3/squeeze_excite/Conv_1'.
    layerName: (published) => published.replaceAll('BatchNorm', 'bn').replaceAll('/', '_').toLowerCase()
  }
}

function build({ form, alpha, minimalistic }: Variant, { weights, classes = 1000, size = SIZE }: BuildOptions) {
  const { rows, lastFilters } = VARIANTS[form]
  const b = new GraphBuilder(`mobilenetv3${form}`, weights)
  const last: Activate = minimalistic ? 'relu' : 'hardSwish'
  let x = b.affine('rescaling', b.input(size), [1 / 127.5], [-1])
  x = b.conv('conv', x, { filters: 16, kernel: 3, strides: 2 })
  x = activate(b, 'conv_act', b.batchNorm('conv_bn', x), last)
  rows.forEach((row, id) => {
    const [expansion, filters, kernel, strides, gated, act] = row
    const width = makeDivisible(filters * alpha)
    x = block(
      b,
      x,
      id,
      minimalistic ? [expansion, width, 3, strides, false, 'relu'] : [expansion, width, kernel, strides, gated, act]
    )
  })
  x = b.conv('conv_1', x, { filters: makeDivisible(b.channelsOf(x) * 6) })
  x = activate(b, 'conv_1_act', b.batchNorm('conv_1_bn', x), last)
  return top(b, x, alpha > 1 ? makeDivisible(lastFilters * alpha) : lastFilters, last, classes)
}

/** The second to last layer comes after the pooling, where it costs one pixel instead of 49. */
function top(b: GraphBuilder, x: string, filters: number, act: Activate, classes: number | null): NetworkGraph {
  if (classes === null) return b.build(b.globalPool('avg_pool', x))
  const pooled = b.globalPool('global_average_pooling2d', x, true)
  const wide = activate(b, 'conv_2_act', b.conv('conv_2', pooled, { filters, bias: true }), act)
  const logits = b.conv('logits', b.dropout('dropout', wide, 0.2), { filters: classes, bias: true })
  return b.build(b.flatten('flatten', logits))
}

function block(b: GraphBuilder, input: string, id: number, [expansion, filters, kernel, strides, gated, act]: Row) {
  const prefix = id === 0 ? 'expanded_conv' : `expanded_conv_${id}`
  const channels = b.channelsOf(input)
  const wide = makeDivisible(channels * expansion)
  let x = input
  if (id > 0) {
    x = b.batchNorm(`${prefix}_expand_bn`, b.conv(`${prefix}_expand`, x, { filters: wide }))
    x = activate(b, `${prefix}_expand_act`, x, act)
  }
  x = b.batchNorm(`${prefix}_depthwise_bn`, b.depthwise(`${prefix}_depthwise`, x, { kernel, strides }))
  x = activate(b, `${prefix}_depthwise_act`, x, act)
  if (gated) x = gate(b, `${prefix}_squeeze_excite`, x, wide)
  const residual = strides === 1 && channels === filters
  x = b.conv(`${prefix}_project`, x, { filters })
  x = b.batchNorm(`${prefix}_project_bn`, x, { gamma: residual ? RESIDUAL_GAIN : 1 })
  return residual ? b.add(`${prefix}_add`, [input, x]) : x
}

/** Squeeze and excitation: https://arxiv.org/abs/1709.01507 */
function gate(b: GraphBuilder, prefix: string, input: string, filters: number): string {
  let x = b.globalPool(`${prefix}_avg_pool`, input, true)
  x = b.conv(`${prefix}_conv`, x, { filters: makeDivisible(filters * GATE_RATIO), bias: true })
  x = b.conv(`${prefix}_conv_1`, b.relu(`${prefix}_relu`, x), { filters, bias: true })
  return b.multiply(`${prefix}_mul`, [input, b.activation(`${prefix}_gate`, x, 'hardSigmoid')])
}

const activate = (b: GraphBuilder, name: string, input: string, act: Activate): string =>
  act === 'relu' ? b.relu(name, input) : b.activation(name, input, 'hardSwish')
