/** Activations as ONNX operators. The forms of several operators are those that ONNX Runtime recognises and fuses. */
import type { GraphNode } from '../graph'
import { DEFAULT_ALPHA } from '../reference-activations'
import { ValueWriter } from './value-writer'

type Activation = Extract<GraphNode, { op: 'activation' }>

export function writeActivation(node: Activation, writer: ValueWriter): void {
  const { model } = writer
  const value = ValueWriter.nameOf(node.name)
  const x = writer.read(node.input)
  const layout = writer.layoutOf(node.input)
  switch (node.kind) {
    case 'sigmoid':
      return writer.unary('Sigmoid', node)
    case 'tanh':
      return writer.unary('Tanh', node)
    case 'hardSigmoid':
      return writer.unary('HardSigmoid', node, { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })
    case 'leakyRelu':
    case 'elu':
      return writer.unary(node.kind === 'elu' ? 'Elu' : 'LeakyRelu', node, {
        alpha: { float: node.alpha ?? DEFAULT_ALPHA[node.kind]! }
      })
    case 'softmax':
      return writer.unary('Softmax', node, { axis: { int: layout === 'nchw' ? 1 : -1 } })
    case 'hardSwish':
      model.addNode('HardSigmoid', [x], [`${value}:gate`], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })
      model.addNode('Mul', [x, `${value}:gate`], [value])
      break
    case 'swish':
      model.addNode('Sigmoid', [x], [`${value}:gate`])
      model.addNode('Mul', [x, `${value}:gate`], [value])
      break
    case 'gelu':
      model.addNode('Div', [x, writer.scalar(Math.SQRT2)], [`${value}:scaled`])
      model.addNode('Erf', [`${value}:scaled`], [`${value}:erf`])
      model.addNode('Add', [`${value}:erf`, writer.scalar(1)], [`${value}:twice`])
      model.addNode('Mul', [x, `${value}:twice`], [`${value}:product`])
      model.addNode('Mul', [`${value}:product`, writer.scalar(0.5)], [value])
  }
  writer.define(node.name, layout)
}
