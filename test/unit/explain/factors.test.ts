import { expect, test } from 'vitest'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { presetConfig } from '@shared/domain/presets'
import type { RunEnvironment } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'
import { describeSide } from '../../../main/services/explain/describe'
import { leftoverOf } from '../../../main/services/explain/leftover'
import type { Side } from '../../../main/services/explain/sides'
import { makeRun } from '../../fixtures/run'
import { factorsBetween } from '../../../main/services/explain/factors'
import { configOf, mixed, OWN } from '../../../main/services/explain/settings'

const lite: PreprocessingContract = {
  size: 224,
  colorOrder: 'RGB',
  mean: [127, 127, 127],
  std: [128, 128, 128],
  filter: 'bicubic',
  crop: 'center-crop',
  cropFraction: 0.875
}
const vgg: PreprocessingContract = { ...lite, size: 160, colorOrder: 'BGR', mean: [104, 117, 124], std: [1, 1, 1] }
const contracts = (id: string): PreprocessingContract => (id === 'vgg' ? vgg : lite)
const flexible = (): { trainable: boolean; anySize: boolean } => ({ trainable: true, anySize: true })
const between = (a: TrainingConfig, b: TrainingConfig, how = flexible) =>
  factorsBetween({ a, b, contracts, flexible: how })
const ids = (a: TrainingConfig, b: TrainingConfig): string[] => between(a, b).factors.map(({ id }) => id)

const naive = presetConfig('naive', 'head')
const good = presetConfig('default', 'head')
const changed = (change: (config: TrainingConfig) => void, from = good): TrainingConfig => {
  const config = structuredClone(from)
  change(config)
  return config
}

test('the naive recipe differs from the recommended one in ten factors of two causes; what a head does not read is none', () => {
  const { factors, notes } = between(naive, good)
  expect(factors.map(({ id, cause }) => `${cause}/${id}`)).toEqual([
    'preprocessing/range',
    'preprocessing/resize',
    'preprocessing/crop',
    'training/head',
    'training/scaling',
    'training/optimizer',
    'training/schedule',
    'training/regularisation',
    'training/course',
    'training/batch'
  ])
  expect(factors.find(({ id }) => id === 'regularisation')!.keys).toEqual([
    'head.weightDecay',
    'head.labelSmoothing',
    'head.dropout'
  ])
  expect(notes).toEqual([])
})

test('one setting is one factor; its name, seed and recipe are none', () => {
  expect(
    ids(
      good,
      changed((config) => (config.head.learningRate = 0.1))
    )
  ).toEqual(['optimizer'])
  expect(
    ids(
      good,
      changed((config) => Object.assign(config, { seed: 7, preset: 'bit' }))
    )
  ).toEqual([])
  expect(
    ids(
      good,
      changed((config) => (config.fineTune.epochs = 99))
    )
  ).toEqual([])
  expect(
    ids(
      good,
      changed((config) => (config.contract = { ...lite }))
    )
  ).toEqual([])
  expect(
    ids(
      good,
      changed((config) => (config.contract = { ...lite, filter: 'nearest' }))
    )
  ).toEqual(['resize'])
})

test('a head against a fine-tune: what only fine-tuning reads travels with what is trainable', () => {
  const { factors, notes } = between(good, presetConfig('fastai', 'finetune'))
  const trainable = factors.find(({ id }) => id === 'trainable')!
  expect(trainable.keys).toContain('mode')
  expect(trainable.keys).toContain('fineTune.learningRate')
  expect(trainable.keys).toContain('augmentation.rotation')
  expect(
    factors.every(({ id, keys }) => id === 'trainable' || keys.every((key) => !/^(fineTune|augmentation)/.test(key)))
  ).toBe(true)
  expect(notes.join(' ')).toMatch(/Trainable part/)
})

test('between two fine-tunes, augmentation and trainable part are factors of their own', () => {
  const fine = presetConfig('default', 'finetune')
  const other = changed((config) => {
    config.augmentation.rotation = 30
    config.fineTune.mixup = 0.2
    config.fineTune.unfreeze = 'all'
    config.fineTune.precision = 'bfloat16'
    config.head.epochs = 3
    config.fineTune.learningRate = 0.1
  }, fine)
  expect(between(fine, other).factors.map(({ id, cause }) => [id, cause])).toEqual([
    ['trainable', 'training'],
    ['optimizer', 'training'],
    ['augmentation', 'training'],
    ['course', 'training'],
    ['precision', 'device']
  ])
  expect(between(fine, other).notes).toEqual([])
})

test('a solved head against one by gradient: the settings of each travel with the solver', () => {
  const { factors, notes } = between(
    presetConfig('fast-head', 'head'),
    changed((config) => (config.head.epochs = 9))
  )
  const solver = factors.find(({ id }) => id === 'solver')!
  expect(solver.keys).toContain('head.method')
  expect(solver.keys).toContain('head.epochs')
  expect(factors.find(({ id }) => id === 'regularisation')!.keys).toEqual(['head.labelSmoothing'])
  expect(notes.join(' ')).toMatch(/Solver/)
})

test('another backbone brings its own preprocessing, which is no factor then; an override is', () => {
  const other = changed((config) => (config.backboneId = 'vgg'))
  expect(ids(good, other)).toEqual(['backbone'])
  const overridden = changed((config) => (config.contract = { ...lite, mean: [0, 0, 0], std: [255, 255, 255] }))
  const { a, b, factors } = between(overridden, other)
  expect(factors.map(({ id }) => id)).toEqual(['backbone', 'range'])
  expect(a.get('contract.size')).toBe(OWN)
  // The other backbone with the first one's range, and everything else its own.
  const hybrid = configOf(mixed(a, b, ['backboneId']), contracts)
  expect(hybrid.contract).toEqual({ ...vgg, mean: [0, 0, 0], std: [255, 255, 255] })
  expect(configOf(b, contracts).contract).toBeNull()
})

test('what one of the backbones cannot do is not switched alone, and it is said', () => {
  const other = changed((config) => (config.backboneId = 'vgg'), presetConfig('default', 'finetune'))
  const frozen = (id: string) => ({ trainable: id !== 'lite', anySize: id !== 'vgg' })
  const from = changed((config) => {
    config.backboneId = 'lite'
    config.contract = { ...lite, size: 96 }
    config.head.input = 'logits'
  })
  const { factors, notes } = between(from, other, frozen as typeof flexible)
  expect(factors.map(({ id }) => id)).not.toContain('trainable')
  expect(factors[0]!.keys).toEqual(expect.arrayContaining(['backboneId', 'mode', 'contract.size', 'head.input']))
  expect(notes.filter((note) => note.includes("'Backbone'"))).toHaveLength(3)
})

test('both ends come out as they went in, in words too', () => {
  const { a, b, factors } = between(naive, good)
  expect(configOf(a, contracts)).toEqual(naive)
  const all = factors.flatMap(({ keys }) => keys)
  expect(configOf(mixed(a, b, all), contracts)).toMatchObject({ head: good.head, contract: null })
  const [range, resize] = factors
  expect(describeSide(range!, a, contracts)).toBe('0 to 1, RGB')
  expect(describeSide(range!, b, contracts)).toBe("−0.99 to 1, RGB (the backbone's own)")
  expect(describeSide(resize!, b, contracts)).toBe('bicubic')
})

test('what trains follows from what is trained: no difference of devices', () => {
  const environment: RunEnvironment = {
    frozenExecutor: 'onnxruntime',
    trainingExecutor: 'onnxruntime',
    device: 'CPU',
    threads: 2,
    fallback: null,
    versions: {},
    hashes: null
  }
  const side = (config: TrainingConfig, changes: object): Side => {
    const run = makeRun({ config, environment: { ...environment, ...changes } })
    return { id: run.id, name: run.name, config, run }
  }
  const fine = presetConfig('default', 'finetune')
  expect(leftoverOf(side(good, {}), side(fine, { trainingExecutor: 'tensorflow' }))).toBeNull()
  expect(leftoverOf(side(good, {}), side(good, { device: 'Tesla T4', threads: 8 }))).toMatchObject({
    id: 'device',
    cause: 'device',
    from: 'CPU, 2 threads',
    to: 'Tesla T4, 8 threads',
    learns: false
  })
  const lucky = changed((config) => (config.seed = 4))
  expect(leftoverOf(side(good, {}), side(lucky, { device: 'Tesla T4' }))).toMatchObject({
    label: 'Seed and device',
    learns: true
  })
})
