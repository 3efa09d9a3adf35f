/**
 * What saved_model.pb says
 * (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto and its neighbours):
 * signatures, the operations of graph and functions, and the objects that the variables belong to.
 */
import { fieldsNumbered, fieldsOf, lastField, readMap, readText, textField } from '@shared/formats/protobuf/reader'
import { readShape } from './tensor-bundle'

export interface TensorInfo {
  /** Name of the tensor in the graph, for example 'StatefulPartitionedCall:0'. */
  tensor: string
  /** DataType of types.proto: 1 is float32. */
  dtype: number
  /** -1 stands for a side that is not known; null when not even their number is. */
  shape: number[] | null
}

export interface Signature {
  inputs: Map<string, TensorInfo>
  outputs: Map<string, TensorInfo>
}

export interface GraphOperation {
  name: string
  op: string
  inputs: string[]
  /** Functions that its attributes name. */
  calls: string[]
}

export interface SavedObject {
  children: Map<string, number>
  /** Of a variable. */
  variable: string | null
}

export interface MetaGraph {
  tags: string[]
  signatures: Map<string, Signature>
  operations: GraphOperation[]
  functions: Map<string, GraphOperation[]>
  /** Operation that reads the variables when the model is loaded. */
  restoreOperation: string
  objects: SavedObject[]
}

/** @throws ProtoError */
export function parseSavedModel(bytes: Uint8Array): MetaGraph[] {
  return [...fieldsNumbered(bytes, 2)].map(({ bytes: graph }) => parseMetaGraph(graph))
}

function parseMetaGraph(bytes: Uint8Array): MetaGraph {
  const graph: MetaGraph = {
    tags: [],
    signatures: new Map(),
    operations: [],
    functions: new Map(),
    restoreOperation: '',
    objects: []
  }
  for (const { number, bytes: message } of fieldsOf(bytes)) {
    if (number === 1) graph.tags.push(...[...fieldsNumbered(message, 4)].map((tag) => readText(tag.bytes)))
    else if (number === 2) {
      graph.operations.push(...operationsOf(message, 1))
      for (const library of fieldsNumbered(message, 2)) {
        for (const { bytes: definition } of fieldsNumbered(library.bytes, 1)) {
          const signature = lastField(definition, 1)?.bytes
          if (signature) graph.functions.set(textField(signature, 1), operationsOf(definition, 3))
        }
      }
    } else if (number === 3) graph.restoreOperation = textField(message, 3)
    else if (number === 7) graph.objects.push(...[...fieldsNumbered(message, 1)].map((node) => parseObject(node.bytes)))
  }
  for (const [name, message] of readMap(bytes, 5)) {
    graph.signatures.set(name, { inputs: tensorsOf(message, 1), outputs: tensorsOf(message, 2) })
  }
  return graph
}

function tensorsOf(signature: Uint8Array, number: number): Map<string, TensorInfo> {
  return new Map(
    [...readMap(signature, number)].map(([key, message]) => {
      const shape = lastField(message, 3)?.bytes
      const unknown = !shape || Boolean(lastField(shape, 3)?.value)
      const dtype = lastField(message, 2)?.value ?? 0
      return [key, { tensor: textField(message, 1), dtype, shape: unknown ? null : readShape(shape) }]
    })
  )
}

function operationsOf(bytes: Uint8Array, number: number): GraphOperation[] {
  return [...fieldsNumbered(bytes, number)].map(({ bytes: node }) => {
    const operation: GraphOperation = { name: '', op: '', inputs: [], calls: [] }
    for (const { number: field, bytes: value } of fieldsOf(node)) {
      if (field === 1) operation.name = readText(value)
      else if (field === 2) operation.op = readText(value)
      else if (field === 3) operation.inputs.push(readText(value))
      else if (field === 5) operation.calls.push(...functionsIn(lastField(value, 2)?.bytes ?? new Uint8Array()))
    }
    return operation
  })
}

/** AttrValue names functions in `func`, and in the `func`s of a list. */
function functionsIn(attribute: Uint8Array): string[] {
  const names: string[] = []
  for (const { number, bytes } of fieldsOf(attribute)) {
    if (number === 10) names.push(textField(bytes, 1))
    else if (number === 1) names.push(...[...fieldsNumbered(bytes, 9)].map((func) => textField(func.bytes, 1)))
  }
  return names
}

function parseObject(message: Uint8Array): SavedObject {
  const object: SavedObject = { children: new Map(), variable: null }
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) object.children.set(textField(bytes, 2), lastField(bytes, 1)?.value ?? 0)
    else if (number === 7) object.variable = textField(bytes, 6).replace(/:0$/, '')
  }
  return object
}
