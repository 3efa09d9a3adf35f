/** What an ONNX file says of itself (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): no weights are read. */
import { StudioError } from '@shared/errors'
import { fieldsNumbered, fieldsOf, lastField, readText, textField } from '@shared/formats/protobuf/reader'

export interface OnnxValue {
  name: string
  /** TensorProto.DataType: 1 is float32; 0 when it is no tensor. */
  type: number
  /** -1 stands for a side that is not known; null when not even their number is. */
  shape: number[] | null
}

export interface OnnxNode {
  op: string
  domain: string
  inputs: string[]
  outputs: string[]
}

export interface OnnxGraph {
  nodes: OnnxNode[]
  /** Without those that initialisers give a value. */
  inputs: OnnxValue[]
  outputs: OnnxValue[]
  initialisers: Set<string>
  producer: string
}

/** Of `data_location`: the weights lie in another file. */
const EXTERNAL = 1

/** @param file for messages. @throws StudioError backbone/corrupt, backbone/incomplete when weights lie in other files */
export function readOnnxGraph(bytes: Uint8Array, file: string): OnnxGraph {
  try {
    const graph: OnnxGraph = {
      nodes: [],
      inputs: [],
      outputs: [],
      initialisers: new Set(),
      producer: textField(bytes, 2)
    }
    // A message that occurs more than once is one whose fields are taken together.
    for (const { bytes: message } of fieldsNumbered(bytes, 7)) readInto(graph, message, file)
    if (graph.nodes.length === 0) throw new RangeError('it holds no graph')
    graph.inputs = graph.inputs.filter(({ name }) => !graph.initialisers.has(name))
    return graph
  } catch (error) {
    if (error instanceof StudioError) throw error
    throw new StudioError('backbone/corrupt', `'${file}' is no ONNX model: ${(error as Error).message}.`, { file })
  }
}

function readInto(graph: OnnxGraph, message: Uint8Array, file: string): void {
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) graph.nodes.push(readNode(bytes))
    else if (number === 5) graph.initialisers.add(readInitialiser(bytes, file))
    else if (number === 11) graph.inputs.push(readValue(bytes))
    else if (number === 12) graph.outputs.push(readValue(bytes))
  }
}

function readNode(message: Uint8Array): OnnxNode {
  const node: OnnxNode = { op: '', domain: '', inputs: [], outputs: [] }
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) node.inputs.push(readText(bytes))
    else if (number === 2) node.outputs.push(readText(bytes))
    else if (number === 4) node.op = readText(bytes)
    else if (number === 7) node.domain = readText(bytes)
  }
  return node
}

function readInitialiser(message: Uint8Array, file: string): string {
  const name = textField(message, 8)
  if (lastField(message, 14)?.value === EXTERNAL) {
    throw new StudioError(
      'backbone/incomplete',
      `'${file}' keeps the weights '${name}' in another file. Export it again with its weights inside.`,
      { file }
    )
  }
  return name
}

/** ValueInfoProto: name (1), type (2) with a tensor type (1) of element type (1) and shape (2). */
function readValue(message: Uint8Array): OnnxValue {
  const tensor = lastField(lastField(message, 2)?.bytes ?? new Uint8Array(), 1)?.bytes ?? new Uint8Array()
  const shape = lastField(tensor, 2)?.bytes
  const sides = shape && [...fieldsNumbered(shape, 1)].map(({ bytes }) => lastField(bytes, 1)?.value ?? -1)
  return { name: textField(message, 1), type: lastField(tensor, 1)?.value ?? 0, shape: sides ?? null }
}
