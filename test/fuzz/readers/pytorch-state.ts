import { readPytorchState } from '../../../main/engine/backbones/readers/pytorch-state'
import { pytorchFile, type PytorchTensor } from '../../fixtures/pytorch-file'
import type { FuzzTarget } from '../target'

const whole: PytorchTensor = { shape: [2, 3], strides: [3, 1], values: [1, 2, 3, 4, 5, 6] }

/** As tensors are in a network, and as only views of them are. */
const FILES = [
  pytorchFile({ '_conv_stem.weight': whole, '_bn0.bias': { shape: [2], strides: [1], values: [1, 2] } }),
  pytorchFile({
    turned: { ...whole, shape: [3, 2], strides: [1, 3] },
    part: { ...whole, shape: [2], strides: [3], offset: 1 },
    counter: { shape: [], strides: [], values: [7], type: 'LongStorage' }
  })
]

export const target: FuzzTarget = {
  name: 'pytorch-state',
  seeds: () => Promise.resolve(FILES.map((bytes) => ({ files: { 'weights.pth': bytes }, entry: 'weights.pth' }))),
  read: readPytorchState
}
