/** The causes of bad runs, each planted alone in an otherwise good one; and the good ones. */
import { presetConfig, withSetting } from '../../../shared/domain/presets'
import type { DiagnosisCode } from '../../../shared/domain/diagnosis'
import type { PresetId, TrainingConfig, TrainingMode } from '../../../shared/domain/training-config'
import type { PreprocessingContract } from '../../../shared/domain/preprocessing'
import type { DoctorJob } from '../../../shared/worker-protocol/doctor'
import type { LabelledImage } from '../../../shared/worker-protocol/train'
import { LARGE, OPAQUE, RANDOM } from './backbones'

export interface Fault {
  name: string
  /** What the doctor has to name first; null: a good run, of which nothing severe is to be said. */
  expected: DiagnosisCode | null
  mode?: TrainingMode
  preset?: PresetId
  /** `--set`. */
  settings?: string[]
  contract?: (own: PreprocessingContract) => PreprocessingContract
  backboneId?: string
  images?: (images: LabelledImage[], seed: number) => LabelledImage[]
  /** Adds files that were copied into the test split, under new names. */
  copies?: boolean
  device?: (device: DoctorJob['device']) => DoctorJob['device']
}

const scaled =
  (mean: number, std: number) =>
  (own: PreprocessingContract): PreprocessingContract => ({
    ...own,
    mean: [mean, mean, mean],
    std: [std, std, std]
  })

const NO_REGULARISATION = ['weightDecay', 'dropout', 'labelSmoothing']
const NO_AUGMENTATION = ['flip=false', 'shift=0', 'zoom=0'].map((setting) => `augmentation.${setting}`)

export const FAULTS: readonly Fault[] = [
  { name: 'values in [0, 1]', expected: 'preprocessing/range', contract: scaled(0, 255) },
  { name: 'values in [0, 255]', expected: 'preprocessing/range', contract: scaled(0, 1) },
  { name: 'scaled twice', expected: 'preprocessing/range', contract: scaled(0, 255 * 255) },
  {
    name: 'blue and red swapped',
    expected: 'preprocessing/channel-order',
    contract: (own) => ({ ...own, colorOrder: 'BGR' })
  },
  {
    name: 'half of the picture cut off',
    expected: 'preprocessing/crop',
    contract: (own) => ({ ...own, crop: 'center-crop', cropFraction: 0.5 })
  },
  { name: 'nearest pixel', expected: 'preprocessing/resize', contract: (own) => ({ ...own, filter: 'nearest' }) },
  { name: 'a head on class scores', expected: 'training/logits', settings: ['head.input=logits'] },
  { name: 'head, rate 0.3', expected: 'training/learning-rate-high', settings: ['head.learningRate=0.3'] },
  {
    name: 'head by SGD, rate 5',
    expected: 'training/learning-rate-high',
    settings: ['head.optimizer=sgd', 'head.learningRate=5']
  },
  { name: 'head, rate 1e-6', expected: 'training/learning-rate-low', settings: ['head.learningRate=0.000001'] },
  {
    name: 'head, no regularisation',
    expected: 'training/no-regularisation',
    settings: NO_REGULARISATION.map((key) => `head.${key}=0`)
  },
  { name: 'few pictures', expected: 'data/too-few', images: (images, seed) => few(images, 6, seed) },
  { name: 'a leak of copies', expected: 'data/leak', copies: true },
  { name: 'a leak of files', expected: 'data/leak', images: leaked },
  { name: 'one class of a hundred times', expected: 'data/imbalance', images: uneven },
  { name: 'four times the work', expected: 'model/oversized', backboneId: LARGE },
  { name: 'random weights', expected: 'model/untrained', backboneId: RANDOM },
  { name: 'a GPU that is not used', expected: 'device/cpu-fallback', device: unusedGpu },
  { name: 'a closed module, fine-tuned', expected: 'training/frozen-backbone', mode: 'finetune', backboneId: OPAQUE },
  {
    name: "fine-tuned, the article's Adam .01",
    expected: 'training/learning-rate-high',
    mode: 'finetune',
    settings: ['fineTune.optimizer=adam', 'fineTune.learningRate=0.01']
  },
  {
    name: 'fine-tuned, rate 1e-8',
    expected: 'training/learning-rate-low',
    mode: 'finetune',
    settings: ['fineTune.learningRate=1e-8']
  },
  {
    name: 'fine-tuned, no regularisation',
    expected: 'training/no-regularisation',
    mode: 'finetune',
    settings: [...NO_REGULARISATION.map((key) => `fineTune.${key}=0`), ...NO_AUGMENTATION]
  },
  {
    name: 'fine-tuned, batch-norm on batches of 4',
    expected: 'training/batch-norm',
    mode: 'finetune',
    settings: ['fineTune.batchNorm=adapt', 'fineTune.batchSize=4']
  },
  {
    name: 'fine-tuned, batch-norm for 5 steps',
    expected: 'training/batch-norm-momentum',
    mode: 'finetune',
    settings: ['fineTune.batchNorm=adapt', 'fineTune.maxSteps=5']
  }
]

export const GOOD: readonly Fault[] = [
  { name: 'good: default head', expected: null },
  { name: 'good: logistic regression', expected: null, preset: 'fast-head' },
  { name: 'good: head of 64 hidden units', expected: null, settings: ['head.hiddenUnits=64'] },
  { name: 'good: head by SGD', expected: null, settings: ['head.optimizer=sgd', 'head.learningRate=0.1'] },
  { name: 'good: default fine-tune', expected: null, mode: 'finetune' },
  { name: "good: Keras' tutorial", expected: null, preset: 'keras-tutorial', mode: 'finetune' }
]

/** @throws StudioError config/* for a setting that does not exist */
export function configOf(fault: Fault, seed: number, own: PreprocessingContract, backboneId: string): TrainingConfig {
  const base = presetConfig(fault.preset ?? 'default', fault.mode ?? 'head')
  const config = (fault.settings ?? []).reduce((changed, setting) => {
    const [key, value] = setting.split('=') as [string, string]
    return withSetting(changed, key, value)
  }, base)
  return { ...config, seed, backboneId: fault.backboneId ?? backboneId, contract: fault.contract?.(own) ?? null }
}

/** Of each class so many training pictures, in an order that follows from the seed. */
function few(images: LabelledImage[], count: number, seed: number): LabelledImage[] {
  const seen = new Map<number, number>()
  return shuffled(images, seed).filter((image) => {
    if (image.split !== 'train') return true
    const before = seen.get(image.classIndex) ?? 0
    seen.set(image.classIndex, before + 1)
    return before < count
  })
}

/** A fifth of the test pictures are training pictures as well. */
function leaked(images: LabelledImage[], seed: number): LabelledImage[] {
  const train = shuffled(images, seed).filter(({ split }) => split === 'train')
  const test = images.filter(({ split }) => split === 'test')
  const count = Math.ceil(test.length / 4)
  return [
    ...images,
    ...train.slice(0, count).map((image, index) => ({ ...image, id: 100_000 + index, split: 'test' as const }))
  ]
}

/** The class of seed's turn has two training pictures, and the largest as many as a hundred of those by repetition under other names. */
function uneven(images: LabelledImage[], seed: number): LabelledImage[] {
  const classes = Math.max(...images.map(({ classIndex }) => classIndex)) + 1
  const rare = seed % classes
  let left = 1
  return images.filter((image) => image.split !== 'train' || image.classIndex !== rare || left-- > 0)
}

function unusedGpu(device: DoctorJob['device']): DoctorJob['device'] {
  return {
    ...device,
    gpu: { name: 'NVIDIA T4', memoryBytes: 16e9, driver: '535', computeCapability: '7.5' },
    ladder: device.ladder.map((rung) =>
      rung.id === 'tensorflow-gpu'
        ? { ...rung, state: 'unavailable', reason: 'The CUDA libraries are missing.', remedy: 'Install them.' }
        : rung
    )
  }
}

function shuffled<T extends { id: number }>(items: readonly T[], seed: number): T[] {
  const key = ({ id }: T): number => Math.imul(id + 1, 2654435761) ^ Math.imul(seed, 40503)
  return [...items].sort((a, b) => key(a) - key(b))
}
