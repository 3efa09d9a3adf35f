import { foreignFile, readWhole } from '../foreign-models'
import type { FuzzTarget } from '../target'

export const target: FuzzTarget = {
  name: 'onnx',
  seeds: async () => [
    { files: { 'model.onnx': await foreignFile('classifier.onnx') }, entry: 'model.onnx' },
    { files: { 'model.onnx': await foreignFile('extractor.onnx') }, entry: 'model.onnx' }
  ],
  read: readWhole
}
