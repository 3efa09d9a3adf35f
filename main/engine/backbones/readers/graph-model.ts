/**
 * Reads a TF.js GraphModel folder: a frozen TensorFlow graph, as the converter of TF.js writes it and TensorFlow Hub publishes it,
 * op by op as layers, so that it can be fine-tuned (TF.js itself only runs it). What cannot be mapped is named.
 */
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import type { NetworkGraph, WeightTensor } from '../graph'
import { GraphDraft } from './draft'
import { CONVOLUTIONS } from './graph-model/convolutions'
import { FUNCTIONS } from './graph-model/functions'
import { LAYOUTS } from './graph-model/layouts'
import { GraphDefNode, nodeSchema } from './graph-model/node'
import type { Handler, Value } from './graph-model/values'
import type { TfjsModel } from './tfjs-json'
import { readWeights } from './tfjs-weights'

const HANDLERS = new Map<string, Handler>([...CONVOLUTIONS, ...FUNCTIONS, ...LAYOUTS])
/** Taken where a graph leaves height and width open. */
const OPEN_SIDE = 224
const MAX_SIDE = 16_384

/** @throws StudioError backbone/corrupt, backbone/unsupported-layer (naming node and op) */
export async function graphModelGraph(
  directory: string,
  { topology, signature, manifest }: TfjsModel
): Promise<{ graph: NetworkGraph; notes: string[] }> {
  const constants = await readWeights(directory, manifest, ['float32', 'int32', 'bool'])
  const nodes = parseNodes(topology)
  const output = outputOf(nodes, signature)
  const draft = new GraphDraft()
  const values = new Map<string, Value>()
  const order = inOrder(nodes, output)
  const readers = new Map<string, number>()
  for (const { inputs } of order) for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1)
  for (const node of order) values.set(node.name, evaluate(node, { values, readers, constants, draft }))
  const result = values.get(output)!
  if (!('node' in result)) throw new StudioError('backbone/corrupt', `The output '${output}' is a constant.`)
  return { graph: draft.finish('graph', result.node), notes: [...draft.notes] }
}

function parseNodes(topology: Record<string, unknown>): Map<string, GraphDefNode> {
  const parsed = z.array(nodeSchema).min(1).max(100_000).safeParse(topology['node'])
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw new StudioError('backbone/corrupt', `The graph is wrong at node ${path.join('.')}: ${message}.`)
  }
  return new Map(parsed.data.map((node) => [node.name, new GraphDefNode(node)]))
}

const signatureSchema = z.object({ outputs: z.record(z.string(), z.looseObject({ name: z.string() })) })

/** What the signature names, or else the one node that nothing reads. */
function outputOf(nodes: ReadonlyMap<string, GraphDefNode>, signature: unknown): string {
  const signed = signatureSchema.safeParse(signature)
  const named = signed.success ? Object.values(signed.data.outputs).map(({ name }) => name.replace(/:0$/, '')) : []
  const read = new Set([...nodes.values()].flatMap(({ inputs }) => inputs))
  const outputs = named.length > 0 ? named : [...nodes.keys()].filter((name) => !read.has(name))
  const [only, ...more] = outputs
  if (only === undefined || !nodes.has(only)) {
    throw new StudioError('backbone/corrupt', `The graph has no node '${only ?? ''}', its output.`)
  }
  if (more.length > 0) {
    throw new StudioError('backbone/unsupported-layer', `The graph has several outputs: ${outputs.join(', ')}.`)
  }
  return only
}

/** What the output depends on, each node after its inputs. Not by recursion, which a long chain would exhaust. */
function inOrder(nodes: ReadonlyMap<string, GraphDefNode>, output: string): GraphDefNode[] {
  const order: GraphDefNode[] = []
  const state = new Map<string, 'open' | 'done'>()
  const stack = [output]
  for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
    const node = nodes.get(name)
    if (!node) throw new StudioError('backbone/corrupt', `A node reads '${name}', which does not exist.`)
    if (state.get(name) === 'open') {
      state.set(name, 'done')
      order.push(node)
    }
    if (state.get(name) === 'done') {
      stack.pop()
      continue
    }
    state.set(name, 'open')
    for (const input of node.inputs) {
      if (state.get(input) === 'open') {
        throw new StudioError('backbone/corrupt', `Node '${input}' reads its own result.`)
      }
      if (!state.has(input)) stack.push(input)
    }
  }
  return order
}

interface Progress {
  values: ReadonlyMap<string, Value>
  readers: ReadonlyMap<string, number>
  constants: ReadonlyMap<string, WeightTensor>
  draft: GraphDraft
}

function evaluate(node: GraphDefNode, { values, readers, constants, draft }: Progress): Value {
  const name = draft.freeName(plainName(node.name))
  if (node.op === 'Const') {
    const tensor = constants.get(node.name)
    if (!tensor) throw new StudioError('backbone/corrupt', `The manifest has no constant '${node.name}'.`)
    return { constant: tensor }
  }
  if (node.op === 'Placeholder') return { node: pushInput(node, name, draft) }
  const handler = HANDLERS.get(node.op)
  if (!handler) throw node.unsupported(`operations of the kind ${node.op} are not known`)
  const inputs = node.inputs.map((input) => values.get(input)!)
  return handler({ node, inputs, draft, name, readers: (index) => readers.get(node.inputs[index]!) ?? 0 })
}

/** Without the wrapping that every exported model has around its layers' names. */
const plainName = (name: string): string =>
  name.replace(/^(StatefulPartitionedCall(_\d+)?\/)+/, '').replace(/^(functional|model|sequential)(_\d+)*\//, '') ||
  name

function pushInput(node: GraphDefNode, name: string, draft: GraphDraft): string {
  const shape = node.shape('shape')
  const [, height, width, channels] = shape ?? []
  const sound = [height, width, channels].every((side) => side === undefined || side <= MAX_SIDE)
  if (shape?.length !== 4 || !sound || !(channels! >= 1)) {
    throw node.unsupported(`its input is [${shape ?? 'unknown'}], not [batch, height, width, channels]`)
  }
  const open = (side: number): boolean => side < 1
  if (open(height!) || open(width!)) {
    draft.notes.add(`The graph leaves its input's size open: ${OPEN_SIDE} × ${OPEN_SIDE} was taken.`)
  }
  const side = (value: number): number => (open(value) ? OPEN_SIDE : value)
  if (draft.hasInput()) throw node.unsupported('the graph has several inputs; a backbone has one')
  return draft.push({ name, op: 'input', height: side(height!), width: side(width!), channels: channels! })
}
