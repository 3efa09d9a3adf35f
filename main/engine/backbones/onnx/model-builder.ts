/**
 * Writes ONNX models: field numbers and enums from the format's own description,
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (IR version 8, operator set 17, both read by every ONNX Runtime
 * since 1.13). Tensors are stored little-endian in `raw_data`, whatever the machine.
 */
import { ProtoMessage } from '@shared/formats/protobuf/writer'

const ONNX_OPSET = 17
const IR_VERSION = 8

/** TensorProto.DataType. */
const DATA_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const
export type OnnxType = keyof typeof DATA_TYPES

/** A number is a fixed size; a string names one that is only known at run time, such as 'N' for the batch. */
export type OnnxDimension = number | string

export type OnnxTensorData = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array

/** `{ int: 3 }` rather than 3, because JavaScript cannot tell an integer attribute from a float one. */
export type OnnxAttribute =
  { int: number } | { float: number } | { string: string } | { ints: readonly number[] } | { floats: readonly number[] }

/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const

/**
 * Collects the parts of one model. Names are the caller's: unique over inputs, initialisers and node outputs; a node comes
 * after what it reads, as ONNX demands.
 */
export class OnnxModelBuilder {
  private readonly graph = new ProtoMessage()
  private readonly names = new Set<string>()
  private nodeCount = 0

  constructor(private readonly name: string) {
    this.graph.string(2, name)
  }

  addInput(name: string, shape: readonly OnnxDimension[], type: OnnxType = 'float32'): this {
    this.claim(name)
    this.graph.message(11, valueInfo(name, shape, type))
    return this
  }

  /** The element type follows from the array: Float32Array is float32, BigInt64Array int64, and so on. */
  addInitializer(name: string, shape: readonly number[], data: OnnxTensorData): this {
    this.claim(name)
    const count = shape.reduce((product, size) => product * size, 1)
    if (count !== data.length) throw new Error(`Initialiser '${name}': ${data.length} values for shape [${shape}]`)
    const tensor = new ProtoMessage()
    if (shape.length > 0) tensor.ints(1, shape)
    tensor.int(2, DATA_TYPES[typeOf(data)]).string(8, name).bytes(9, littleEndian(data))
    this.graph.message(5, tensor)
    return this
  }

  /** An empty string among the inputs leaves an optional input out. */
  addNode(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {}
  ): this {
    for (const input of inputs) {
      if (input !== '' && !this.names.has(input))
        throw new Error(`${op} reads '${input}', which nothing before it makes`)
    }
    for (const output of outputs) if (output !== '') this.claim(output)
    const node = new ProtoMessage()
    for (const input of inputs) node.string(1, input)
    for (const output of outputs) node.string(2, output)
    node.string(3, `${op}_${this.nodeCount++}`).string(4, op)
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value))
    this.graph.message(1, node)
    return this
  }

  addOutput(name: string, shape: readonly OnnxDimension[], type: OnnxType = 'float32'): this {
    if (!this.names.has(name)) throw new Error(`Output '${name}' is made by nothing`)
    this.graph.message(12, valueInfo(name, shape, type))
    return this
  }

  /** The bytes of a .onnx file. The builder can go on being added to, and built again. */
  build(): Uint8Array {
    return new ProtoMessage()
      .int(1, IR_VERSION)
      .string(2, 'Whetstone')
      .message(7, this.graph)
      .message(8, new ProtoMessage().string(1, '').int(2, ONNX_OPSET))
      .encode()
  }

  private claim(name: string): void {
    if (this.names.has(name)) throw new Error(`ONNX graph '${this.name}': the name '${name}' is used twice`)
    this.names.add(name)
  }
}

function valueInfo(name: string, shape: readonly OnnxDimension[], type: OnnxType): ProtoMessage {
  const dimensions = new ProtoMessage()
  for (const size of shape) {
    const dimension = new ProtoMessage()
    dimensions.message(1, typeof size === 'number' ? dimension.int(1, size) : dimension.string(2, size))
  }
  const tensorType = new ProtoMessage().int(1, DATA_TYPES[type]).message(2, dimensions)
  return new ProtoMessage().string(1, name).message(2, new ProtoMessage().message(1, tensorType))
}

function attribute(name: string, value: OnnxAttribute): ProtoMessage {
  const message = new ProtoMessage().string(1, name)
  if ('float' in value) return message.float(2, value.float).int(20, ATTRIBUTE_TYPES.float)
  if ('int' in value) return message.int(3, value.int).int(20, ATTRIBUTE_TYPES.int)
  if ('string' in value) return message.string(4, value.string).int(20, ATTRIBUTE_TYPES.string)
  if ('floats' in value) return message.floats(7, value.floats).int(20, ATTRIBUTE_TYPES.floats)
  return message.ints(8, value.ints).int(20, ATTRIBUTE_TYPES.ints)
}

function typeOf(data: OnnxTensorData): OnnxType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof Int8Array) return 'int8'
  return data instanceof BigInt64Array ? 'int64' : 'uint8'
}

/** Every platform that Node and Electron run on is little-endian, so the array's own bytes are what the file wants. */
function littleEndian(data: OnnxTensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
