import { expect, test } from 'vitest'
import { presetConfig } from '@shared/domain/presets'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { settingDifferences } from '../../main/services/compare/differences'
import { keyedOutcomes, pairTest, sameImages } from '../../main/services/compare/paired-test'
import { formatP, verdictSentence } from '../../main/services/compare/verdict'
import { makeRun } from '../fixtures/run'

const OWN: PreprocessingContract = {
  size: 224,
  colorOrder: 'RGB',
  mean: [127, 127, 127],
  std: [128, 128, 128],
  filter: 'bicubic',
  crop: 'center-crop',
  cropFraction: 0.875
}

/** Outcomes from a text of ones (right) and zeros; image `i` has content `h<i>`. */
const outcomes = (bits: string, first = 0) =>
  keyedOutcomes(
    [...bits].map((bit, index) => ({ hash: `h${first + index}`, path: `${index}.png`, correct: bit === '1' }))
  )

test('only settings that differ are listed, with the contract in force and without what the mode does not use', () => {
  const a = makeRun({ config: presetConfig('default', 'head') })
  const b = makeRun({ id: 'b', config: presetConfig('naive', 'head') })
  const differences = settingDifferences([
    { run: a, contract: OWN },
    { run: b, contract: b.config.contract }
  ])
  const byKey = new Map(differences.map(({ key, values }) => [key, values]))
  expect(byKey.get('head.learningRate')).toEqual([presetConfig('default', 'head').head.learningRate, 0.01])
  expect(byKey.get('contract.mean')).toEqual(['127, 127, 127', '0, 0, 0'])
  expect(byKey.get('preset')).toEqual(['default', 'naive'])
  expect([...byKey.keys()].filter((key) => /^(fineTune|augmentation)/.test(key))).toEqual([])
  expect(byKey.has('contract.colorOrder')).toBe(false)
  expect(byKey.has('dataset')).toBe(false)
})

test('a run in the other mode has no value for what it does not use; versions and datasets are compared too', () => {
  const environment = {
    frozenExecutor: 'onnxruntime' as const,
    trainingExecutor: 'onnxruntime' as const,
    device: 'CPU',
    threads: 2,
    fallback: null,
    versions: { onnxruntime: '1.30.0' },
    hashes: null
  }
  const a = makeRun({ environment })
  const b = makeRun({
    id: 'b',
    config: presetConfig('default', 'finetune'),
    datasetHash: 'beef'.repeat(16),
    environment: { ...environment, versions: { onnxruntime: '1.31.0', tensorflow: '2.21.0' } }
  })
  const byKey = new Map(
    settingDifferences([
      { run: a, contract: OWN },
      { run: b, contract: OWN }
    ]).map(({ key, values }) => [key, values])
  )
  expect(byKey.get('fineTune.unfreeze')).toEqual([null, presetConfig('default', 'finetune').fineTune.unfreeze])
  expect(byKey.get('version.onnxruntime')).toEqual(['1.30.0', '1.31.0'])
  expect(byKey.get('version.tensorflow')).toEqual([null, '2.21.0'])
  expect(byKey.get('datasetVersion')).toEqual(['f00df00df00d', 'beefbeefbeef'])
})

test('the paired test counts who alone was right, on shared images only', () => {
  const a = outcomes('1111100000')
  const b = outcomes('1111111110')
  // Four discordant pairs, all for b: 2 × 0.5⁴.
  expect(pairTest('a', 'b', a, b)).toEqual({ a: 'a', b: 'b', count: 10, difference: 0.4, onlyA: 0, onlyB: 4, p: 0.125 })
  expect(pairTest('a', 'b', a, outcomes('00', 9))).toMatchObject({ count: 1, onlyA: 0, onlyB: 0, p: 1 })
  expect(sameImages([a, b])).toBe(true)
  expect(sameImages([a, outcomes('1111100000', 1)])).toBe(false)
  expect(sameImages([outcomes(''), outcomes('')])).toBe(false)
})

test('a picture that occurs twice in the test split counts twice', () => {
  const twice = keyedOutcomes([
    { hash: 'same', path: 'b.png', correct: false },
    { hash: 'same', path: 'a.png', correct: true }
  ])
  expect([...twice]).toEqual([
    ['same#0', true],
    ['same#1', false]
  ])
})

test.each([
  [
    'a clear winner',
    '1'.repeat(10) + '0'.repeat(10),
    '1'.repeat(18) + '00',
    'B is better than A by 40.0 points (p = .008, 20 test images).'
  ],
  [
    'a lead within chance',
    '1110',
    '1111',
    'A tie: B leads A by 25.0 points, which may be chance (p = 1, 4 test images).'
  ],
  ['equal', '1100', '0011', 'A tie: A and B are equally often right (p = 1, 4 test images).'],
  ['one without a result', '1100', '', 'B has no test result.']
])('the verdict of %s', (_, bitsA, bitsB, sentence) => {
  const runs = [makeRun({ name: 'A' }), makeRun({ id: 'b', name: 'B' })]
  const both = [outcomes(bitsA), outcomes(bitsB)]
  expect(verdictSentence({ runs, outcomes: both, sameTestSet: sameImages(both) })).toBe(sentence)
})

test('different test sets are said, and namesakes told apart', () => {
  const runs = [makeRun({ name: 'A' }), makeRun({ id: 'bbbbbbbbbbbb', name: 'A' })]
  const apart = [outcomes('11'), outcomes('11', 5)]
  expect(verdictSentence({ runs, outcomes: apart, sameTestSet: false })).toBe(
    'A (aaaaaa) and A (bbbbbb) were tested on different images: their accuracies cannot be compared.'
  )
  const overlapping = [outcomes('1'.repeat(12)), outcomes('0'.repeat(12), 2)]
  expect(verdictSentence({ runs, outcomes: overlapping, sameTestSet: false })).toContain(
    '(p = .002, 10 test images in common, the test sets differ)'
  )
})

test('of three, the best is held against the next best', () => {
  const runs = ['A', 'B', 'C'].map((name, index) => makeRun({ id: `${index}`, name }))
  const three = [outcomes('0'.repeat(20)), outcomes('1'.repeat(5) + '0'.repeat(15)), outcomes('1'.repeat(20))]
  expect(verdictSentence({ runs, outcomes: three, sameTestSet: true })).toBe(
    'C is better than B by 75.0 points (p < .001, 20 test images). It is the best of the 3, with 100.0 %.'
  )
})

test.each([
  [0.0004, 'p < .001'],
  [0.0049, 'p = .005'],
  [0.0213, 'p = .02'],
  [0.5, 'p = .50'],
  [1, 'p = 1']
])('%f reads %s', (p, text) => expect(formatP(p)).toBe(text))
