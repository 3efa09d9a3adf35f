import { expect, test } from 'vitest'
import { presetConfig } from '@shared/domain/presets'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { Run } from '@shared/domain/run'
import { CompareService } from '../../main/services/compare/compare'
import { settingDifferences } from '../../main/services/compare/differences'
import { keyedOutcomes, sameImages } from '../../main/services/compare/outcomes'
import { correctedTests, pairTest } from '../../main/services/compare/paired-test'
import { formatP, formatRange, imagesToTell } from '../../main/services/compare/words'
import type { RunStore, TestOutcome } from '../../main/store/store'
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

/** Test images from a text of ones (right) and zeros; image `i` has content `h<i>`, and even ones are cats. */
const images = (bits: string, first = 0): TestOutcome[] =>
  [...bits].map((bit, index) => {
    const truth = (first + index) % 2
    const predicted = bit === '1' ? truth : 1 - truth
    const path = `${String(index).padStart(5, '0')}.png`
    return { imageId: index, hash: `h${first + index}`, path, truth, predicted, correct: bit === '1' }
  })
const outcomes = (bits: string, first = 0) => keyedOutcomes({ classes: ['cat', 'dog'] }, images(bits, first))

/** A comparison of runs out of a store that holds just them. */
function compare(sides: readonly { run: Run; test: TestOutcome[] }[]) {
  const find = (id: string) => sides.find(({ run }) => run.id === id)
  const runs = {
    get: (id: string) => Promise.resolve(find(id)?.run ?? null),
    evaluation: () => Promise.resolve(null),
    testOutcomes: (id: string) => Promise.resolve(find(id)?.test ?? [])
  } as Partial<RunStore> as RunStore
  const service = new CompareService({ runs, backbone: () => Promise.reject(new Error('There is none.')) })
  return service.compare(sides.map(({ run }) => run.id))
}

/** Runs A, B, C … with settings of their own, and their test images. */
const sidesOf = (...tests: TestOutcome[][]) =>
  tests.map((test, index) => {
    const run = makeRun({ id: `${index}`, name: 'ABCDEFGH'[index]! })
    run.config.head.learningRate = 0.001 * (index + 1)
    return { run, test }
  })

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

test('what another program trained is compared by its own settings', () => {
  const imported = { source: 'mlflow' as const, origin: '/runs', settings: { lr: 0.1 } }
  const differences = settingDifferences([
    { run: makeRun({ imported }), contract: null },
    { run: makeRun({ imported: { ...imported, settings: { lr: 0.2, optimizer: 'sgd' } } }), contract: null }
  ])
  expect(differences).toEqual([
    { key: 'lr', kind: 'setting', values: [0.1, 0.2] },
    { key: 'optimizer', kind: 'setting', values: [null, 'sgd'] }
  ])
})

test('the paired test counts who alone was right, by class, on shared images only', () => {
  const a = outcomes('1111100000')
  const b = outcomes('1111111110')
  // Four images that only b has, all for b: 2 × 0.5⁴.
  expect(pairTest('a', 'b', a, b)).toMatchObject({
    ...{ a: 'a', b: 'b', count: 10, difference: 0.4, onlyA: 0, onlyB: 4, p: 0.125, method: 'exact' },
    ...{ changed: 4, relabelled: 0 },
    classes: [
      { label: 'cat', count: 5, onlyA: 0, onlyB: 2 },
      { label: 'dog', count: 5, onlyA: 0, onlyB: 2 }
    ]
  })
  const { bootstrap } = pairTest('a', 'b', a, b)
  expect(bootstrap).toEqual(pairTest('a', 'b', a, b).bootstrap)
  expect(bootstrap.low).toBeCloseTo(0.1, 5)
  expect(bootstrap.high).toBeCloseTo(0.7, 5)
  expect(pairTest('a', 'b', a, outcomes('00', 9))).toMatchObject({ count: 1, onlyA: 0, onlyB: 0, p: 1 })
  expect(sameImages([a, b])).toBe(true)
  expect(sameImages([a, outcomes('1111100000', 1)])).toBe(false)
  expect(sameImages([outcomes(''), outcomes('')])).toBe(false)
})

test('several tests are corrected for each other', () => {
  const best = outcomes('1'.repeat(12))
  const tests = ['000000000000', '000000111111'].map((bits, index) => pairTest(`${index}`, 'b', outcomes(bits), best))
  const [first, second] = correctedTests(tests)
  expect(first!.corrected).toBeCloseTo(2 * first!.p, 12)
  expect(second!.corrected).toBe(second!.p)
})

test('a picture that occurs twice in the test split counts twice', () => {
  const [first] = images('1')
  const twice = keyedOutcomes({ classes: ['cat', 'dog'] }, [
    { ...first!, path: 'b.png', predicted: 1 },
    { ...first!, path: 'a.png' }
  ])
  expect([...twice].map(([key, { correct }]) => [key, correct])).toEqual([
    ['h0#0', true],
    ['h0#1', false]
  ])
})

test.each([
  [
    'a clear winner',
    '1'.repeat(10) + '0'.repeat(10),
    '1'.repeat(18) + '00',
    /^B is better than A by 40\.0 points \(95 % \d\d\.0 to \d\d\.0, p = \.008, 20 test images\)\. One seed each: seeds were not varied\.$/
  ],
  [
    'a lead within chance',
    '1110',
    '1111',
    /^A tie: B leads A by 25\.0 points, which may be chance \(95 % 0\.0 to 75\.0, p = 1, 4 test images\); \d+ more test images would be needed to see 25\.0 points\./
  ],
  [
    'equal',
    '1100',
    '0011',
    /^A tie: A and B are equally often right \(95 % −\S+ to \S+, p = 1, 4 test images\); [\d,]+ more test images would be needed to see 1 point\./
  ],
  ['one without a result', '1100', '', /^B has no test result\.$/]
])('the verdict of %s', async (_, bitsA, bitsB, sentence) => {
  const { verdict } = await compare(sidesOf(images(bitsA), images(bitsB)))
  expect(verdict).toMatch(sentence)
})

test('different test sets are said, and namesakes told apart', async () => {
  const apart = sidesOf(images('11'), images('11', 5))
  const namesakes = apart.map(({ run, test }, index) => ({
    run: { ...run, id: `${'ab'[index]!.repeat(12)}`, name: 'A' },
    test
  }))
  expect((await compare(namesakes)).verdict).toBe(
    'A (aaaaaa) and A (bbbbbb) were tested on different images: their accuracies cannot be compared.'
  )
  const overlapping = await compare(sidesOf(images('1'.repeat(12)), images('0'.repeat(12), 2)))
  expect(overlapping.sameTestSet).toBe(false)
  expect(overlapping.verdict).toContain('p = .002, 10 test images in common, the test sets differ)')
})

test('of three, the best is held against the next best, and the others are told', async () => {
  const three = [images('0'.repeat(20)), images('1'.repeat(5) + '0'.repeat(15)), images('1'.repeat(20))]
  const { verdict, best, tests } = await compare(sidesOf(...three))
  expect(verdict).toMatch(
    /^C is better than B by 75\.0 points \(95 % .*, p < \.001, corrected for 2 comparisons, 20 test images\)\./
  )
  expect(verdict).toContain('It is the best of the 3, with 100.0 %.')
  expect(best).toMatchObject({ runId: '2', tests: [{ a: '0' }, { a: '1' }] })
  expect(tests.map(({ a, b }) => [a, b])).toEqual([
    ['0', '1'],
    ['0', '2']
  ])
  const close = await compare(sidesOf(images('0'.repeat(20)), images('1'.repeat(19) + '0'), images('1'.repeat(20)), []))
  expect(close.verdict).toMatch(
    /^A tie: C leads B by 5\.0 points, .* C has 100\.0 %, and is better than A\. .* D has no test result\.$/
  )
})

test.each([
  [0.0004, 'p < .001'],
  [0.0049, 'p = .005'],
  [0.0213, 'p = .02'],
  [0.5, 'p = .50'],
  [1, 'p = 1']
])('%f reads %s', (p, text) => expect(formatP(p)).toBe(text))

test('ranges and the images that would tell', () => {
  expect(formatRange({ low: -0.0123, high: 0.0004 })).toBe('95 % −1.2 to 0.0')
  expect(formatRange({ low: -0.0001, high: 0.02 })).toBe('95 % 0.0 to 2.0')
  expect(imagesToTell(0.004, 50, 1000)).toBe('2,958 more test images would be needed to see 1 point')
  expect(imagesToTell(0.004, 50, 100_000)).toBe('a difference of 1 point would most likely have been seen')
})
