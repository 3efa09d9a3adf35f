/** graph.json: the nodes of a NetworkGraph as they lie beside their weights. */
import { z } from 'zod'
import type { GraphNode } from '../graph'

const name = z.string().min(1)
const key = z.string().min(1)
const side = z.int().min(1).max(65_536)
const border = z.int().min(0).max(65_536)
const pair = z.tuple([side, side])
const borders = z.strictObject({ top: border, bottom: border, left: border, right: border })
const window = { strides: pair, padding: z.union([z.literal('same'), z.literal('valid'), borders]) }
const convolution = { name, input: name, kernel: key, bias: key.nullable(), dilations: pair, ...window }
const pool = { name, input: name, size: pair, ...window }
const norm = { name, input: name, gamma: key.nullable(), beta: key.nullable(), epsilon: z.number().min(0) }
const several = z.array(name).min(1).max(1024)
const numbers = z.array(z.number()).min(1).max(65_536)

export const graphNodeSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('input'), name, height: side, width: side, channels: side }),
  z.strictObject({ op: z.literal('conv2d'), ...convolution }),
  z.strictObject({ op: z.literal('depthwiseConv2d'), ...convolution }),
  z.strictObject({ op: z.literal('batchNorm'), ...norm, mean: key, variance: key }),
  z.strictObject({ op: z.literal('layerNorm'), ...norm }),
  z.strictObject({ op: z.literal('scale'), name, input: name, gamma: key }),
  z.strictObject({ op: z.literal('affine'), name, input: name, scale: numbers, offset: numbers }),
  z.strictObject({ op: z.literal('relu'), name, input: name, max: z.number().nullable() }),
  z.strictObject({
    op: z.literal('activation'),
    name,
    input: name,
    kind: z.enum(['swish', 'hardSwish', 'hardSigmoid', 'sigmoid', 'tanh', 'gelu', 'softmax', 'leakyRelu', 'elu']),
    alpha: z.number().optional()
  }),
  z.strictObject({ op: z.literal('add'), name, inputs: several }),
  z.strictObject({ op: z.literal('multiply'), name, inputs: several }),
  z.strictObject({ op: z.literal('concat'), name, inputs: several }),
  z.strictObject({ op: z.literal('zeroPad'), name, input: name, padding: borders }),
  z.strictObject({ op: z.literal('globalAveragePool'), name, input: name, keepDims: z.boolean() }),
  z.strictObject({ op: z.literal('maxPool'), ...pool }),
  z.strictObject({ op: z.literal('averagePool'), ...pool }),
  z.strictObject({ op: z.literal('flatten'), name, input: name }),
  z.strictObject({ op: z.literal('dropout'), name, input: name, rate: z.number().min(0).max(1) }),
  z.strictObject({ op: z.literal('dense'), name, input: name, kernel: key, bias: key.nullable() })
]) satisfies z.ZodType<GraphNode>

export const storedGraphSchema = z.strictObject({
  /** Of this file; a reader refuses any other. */
  version: z.literal(1),
  name: z.string(),
  output: name,
  nodes: z.array(graphNodeSchema).min(1).max(20_000)
})
export type StoredGraph = z.infer<typeof storedGraphSchema>
