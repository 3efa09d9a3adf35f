import { describe, expect, it } from 'vitest'
import { OnnxModelBuilder } from '../../../main/engine/backbones/onnx/model-builder'
import { ProtoMessage, varint } from '@shared/formats/protobuf/writer'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('protobuf', () => {
  it('writes the examples of the encoding guide', () => {
    expect(hex(varint(150))).toBe('9601')
    expect(hex(new ProtoMessage().int(1, 150).encode())).toBe('089601')
    expect(hex(new ProtoMessage().string(2, 'testing').encode())).toBe('120774657374696e67')
    expect(hex(new ProtoMessage().message(3, new ProtoMessage().int(1, 150)).encode())).toBe('1a03089601')
    expect(hex(new ProtoMessage().ints(6, [3, 270, 86942]).encode())).toBe('3206038e029ea705')
  })

  it('writes negative numbers in ten bytes and floats little-endian', () => {
    expect(hex(varint(-1))).toBe('ffffffffffffffffff01')
    expect(hex(new ProtoMessage().float(1, 1).encode())).toBe('0d0000803f')
    expect(hex(new ProtoMessage().floats(1, [1, -2]).encode())).toBe('0a080000803f000000c0')
  })

  it('numbers fields above 15 with a two-byte tag', () => {
    expect(hex(new ProtoMessage().int(20, 1).encode())).toBe('a00101')
  })
})

describe('OnnxModelBuilder', () => {
  it('refuses names used twice, values from nowhere, and data that does not fit its shape', () => {
    const model = new OnnxModelBuilder('bad').addInput('x', [1])
    expect(() => model.addInput('x', [1])).toThrow("'x' is used twice")
    expect(() => model.addNode('Relu', ['y'], ['z'])).toThrow("reads 'y'")
    expect(() => model.addOutput('z', [1])).toThrow("'z' is made by nothing")
    expect(() => model.addInitializer('w', [3], new Float32Array(2))).toThrow('2 values for shape [3]')
  })
})
