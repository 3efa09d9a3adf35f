/**
 * The head as ONNX graphs: one that trains and one that predicts. Any ONNX Runtime executes them, native or wasm, so that a head
 * learns without TensorFlow. A head is a dense softmax layer, with a hidden ReLU layer before it if it has `units`.
 */
import { OnnxModelBuilder } from '../backbones/onnx/model-builder'

export interface HeadShape {
  features: number
  classes: number
  /** Of the hidden layer; 0: there is none. */
  units: number
}

/** Names of the graphs' weight inputs, in the order in which gradients come out. */
export const HEAD_PARAMETERS = ['kernel', 'bias'] as const
export const HIDDEN_PARAMETERS = ['hidden_kernel', 'hidden_bias'] as const

/**
 * The loss of a batch and its gradient, derived by hand. With A the features or the hidden layer's output, Z = AW + b,
 * P = softmax(Z) by rows, targets Y whose rows sum to the weight wᵢ of their image, and n rows: L = −1/n Σ Y·ln P,
 * ∂L/∂Z = (w∘P − Y)/n, ∂L/∂W = Aᵀ·∂L/∂Z, ∂L/∂b = Σ_rows ∂L/∂Z. The hidden layer is H = relu(XV + c), A = H∘M with dropout's
 * factors M: ∂L/∂(XV + c) = (∂L/∂Z·Wᵀ)∘M∘[H > 0].
 *
 * Inputs: `x` [N, features], `y` [N, classes], `kernel` [features or units, classes], `bias` [classes], and with a hidden layer
 * `hidden_kernel` [features, units], `hidden_bias` [units], `mask` [N, units]. Outputs: `loss` [], `probabilities` [N, classes], and
 * `NAME_gradient` for each of the weights.
 */
export function headStepGraph(shape: HeadShape): Uint8Array {
  const { classes, units } = shape
  const builder = dense('head_step', shape, true)
    .addNode('Softmax', ['logits'], ['probabilities'], { axis: { int: 1 } })
    .addInput('y', ['N', classes])
    .addInitializer('rows', [1], BigInt64Array.of(0n))
    .addInitializer('columns', [1], BigInt64Array.of(1n))
    .addNode('LogSoftmax', ['logits'], ['log_probabilities'], { axis: { int: 1 } })
    .addNode('Mul', ['y', 'log_probabilities'], ['weighted'])
    .addNode('ReduceSum', ['weighted', 'columns'], ['log_likelihood'], { keepdims: { int: 0 } })
    .addNode('ReduceMean', ['log_likelihood'], ['mean_log_likelihood'], { keepdims: { int: 0 } })
    .addNode('Neg', ['mean_log_likelihood'], ['loss'])
    .addNode('Shape', ['y'], ['count'], { start: { int: 0 }, end: { int: 1 } })
    .addNode('Cast', ['count'], ['n'], { to: { int: 1 } })
    .addNode('ReduceSum', ['y', 'columns'], ['weights'], { keepdims: { int: 1 } })
    .addNode('Mul', ['probabilities', 'weights'], ['expected'])
    .addNode('Sub', ['expected', 'y'], ['difference'])
    .addNode('Div', ['difference', 'n'], ['logits_gradient'])
    .addNode('Gemm', [units ? 'active' : 'x', 'logits_gradient'], ['kernel_gradient'], { transA: { int: 1 } })
    .addNode('ReduceSum', ['logits_gradient', 'rows'], ['bias_gradient'], { keepdims: { int: 0 } })
    .addOutput('loss', [])
    .addOutput('probabilities', ['N', classes])
    .addOutput('kernel_gradient', [units || shape.features, classes])
    .addOutput('bias_gradient', [classes])
  return (units ? hiddenGradient(builder, shape) : builder).build()
}

function hiddenGradient(builder: OnnxModelBuilder, { features, units }: HeadShape): OnnxModelBuilder {
  return builder
    .addNode('Gemm', ['logits_gradient', 'kernel'], ['active_gradient'], { transB: { int: 1 } })
    .addNode('Mul', ['active_gradient', 'mask'], ['masked_gradient'])
    .addNode('Sign', ['hidden'], ['alive'])
    .addNode('Mul', ['masked_gradient', 'alive'], ['hidden_gradient'])
    .addNode('Gemm', ['x', 'hidden_gradient'], ['hidden_kernel_gradient'], { transA: { int: 1 } })
    .addNode('ReduceSum', ['hidden_gradient', 'rows'], ['hidden_bias_gradient'], { keepdims: { int: 0 } })
    .addOutput('hidden_kernel_gradient', [features, units])
    .addOutput('hidden_bias_gradient', [units])
}

/** Inputs as above, without `y` and `mask`; output `probabilities` [N, classes]. */
export function headForwardGraph(shape: HeadShape): Uint8Array {
  return dense('head', shape, false)
    .addNode('Softmax', ['logits'], ['probabilities'], { axis: { int: 1 } })
    .addOutput('probabilities', ['N', shape.classes])
    .build()
}

/** A dense layer and no more: inputs `x`, `kernel` and `bias`; output `logits` [N, classes] = XW + b. */
export function denseGraph(features: number, classes: number): Uint8Array {
  return dense('dense', { features, classes, units: 0 }, false).addOutput('logits', ['N', classes]).build()
}

function dense(name: string, { features, classes, units }: HeadShape, training: boolean): OnnxModelBuilder {
  const builder = new OnnxModelBuilder(name)
    .addInput('x', ['N', features])
    .addInput('kernel', [units || features, classes])
    .addInput('bias', [classes])
  if (!units) return builder.addNode('Gemm', ['x', 'kernel', 'bias'], ['logits'])
  builder
    .addInput('hidden_kernel', [features, units])
    .addInput('hidden_bias', [units])
    .addNode('Gemm', ['x', 'hidden_kernel', 'hidden_bias'], ['hidden_sum'])
    .addNode('Relu', ['hidden_sum'], ['hidden'])
  if (training) builder.addInput('mask', ['N', units]).addNode('Mul', ['hidden', 'mask'], ['active'])
  return builder.addNode('Gemm', [training ? 'active' : 'hidden', 'kernel', 'bias'], ['logits'])
}
