/** Makes a value within an ONNX graph one of its outputs. */
import { ProtoMessage } from '@shared/formats/protobuf/writer'

/**
 * Appends `graph { output { name } }`: a message that occurs twice in a file is read as one, so that nothing of the model has to
 * be written anew. ONNX Runtime infers the output's type.
 */
export function withOutput(model: Uint8Array, name: string): Uint8Array {
  const output = new ProtoMessage().string(1, name)
  const more = new ProtoMessage().message(7, new ProtoMessage().message(12, output)).encode()
  return Buffer.concat([model, more])
}
