/**
 * The head, a dense softmax layer, as ONNX graphs: one that trains and one that predicts. Any ONNX Runtime executes them,
 * native or wasm, so that a head learns without TensorFlow.
 */
import { OnnxModelBuilder } from '../backbones/onnx/model-builder'

/**
 * The loss of a batch and its gradient, derived by hand. With Z = XW + b, P = softmax(Z) by rows, targets Y whose rows sum to
 * one, and n rows: L = −1/n Σ Y·ln P, ∂L/∂Z = (P − Y)/n, ∂L/∂W = Xᵀ·∂L/∂Z, ∂L/∂b = Σ_rows ∂L/∂Z.
 *
 * Inputs: `x` [N, features], `y` [N, classes], `kernel` [features, classes], `bias` [classes]. Outputs: `loss` [],
 * `probabilities` [N, classes], `kernel_gradient`, `bias_gradient`.
 */
export function headStepGraph(features: number, classes: number): Uint8Array {
  return forward('head_step', features, classes)
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
    .addNode('Sub', ['probabilities', 'y'], ['difference'])
    .addNode('Div', ['difference', 'n'], ['logits_gradient'])
    .addNode('Gemm', ['x', 'logits_gradient'], ['kernel_gradient'], { transA: { int: 1 } })
    .addNode('ReduceSum', ['logits_gradient', 'rows'], ['bias_gradient'], { keepdims: { int: 0 } })
    .addOutput('loss', [])
    .addOutput('probabilities', ['N', classes])
    .addOutput('kernel_gradient', [features, classes])
    .addOutput('bias_gradient', [classes])
    .build()
}

/** Inputs `x`, `kernel` and `bias` as above; output `probabilities` [N, classes]. */
export function headForwardGraph(features: number, classes: number): Uint8Array {
  return forward('head', features, classes).addOutput('probabilities', ['N', classes]).build()
}

/** The same inputs; output `logits` [N, classes]: XW + b and no more. */
export function denseGraph(features: number, classes: number): Uint8Array {
  return dense('dense', features, classes).addOutput('logits', ['N', classes]).build()
}

function forward(name: string, features: number, classes: number): OnnxModelBuilder {
  return dense(name, features, classes).addNode('Softmax', ['logits'], ['probabilities'], { axis: { int: 1 } })
}

function dense(name: string, features: number, classes: number): OnnxModelBuilder {
  return new OnnxModelBuilder(name)
    .addInput('x', ['N', features])
    .addInput('kernel', [features, classes])
    .addInput('bias', [classes])
    .addNode('Gemm', ['x', 'kernel', 'bias'], ['logits'])
}
