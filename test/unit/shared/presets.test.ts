import { describe, expect, it } from 'vitest'
import { PENALTIES } from '@shared/domain/penalties'
import { presetConfig, presetMode, PRESETS, validateConfig, withSetting } from '@shared/domain/presets'
import { recommendedConfig, type RecommendationInput } from '@shared/domain/recommendation'
import { flattenConfig, trainingConfigSchema, type PresetId } from '@shared/domain/training-config'

describe('presets', () => {
  it('parse, and the default is the schema itself', () => {
    for (const mode of ['head', 'finetune'] as const) {
      expect(presetConfig('default', mode)).toEqual(trainingConfigSchema.parse({ mode }))
      const naive = presetConfig('naive', mode)
      expect(trainingConfigSchema.parse(naive)).toEqual(naive)
      expect(naive.head).toMatchObject({
        input: 'logits',
        optimizer: 'adam',
        learningRate: 0.01,
        epochs: 10,
        warmup: 0,
        scaling: 'none'
      })
      expect(naive.fineTune).not.toHaveProperty('scaling')
    }
  })
})

describe('the presets of others', () => {
  const fine = (preset: PresetId) => presetConfig(preset, 'finetune')

  it.each(PRESETS.map(({ id }) => id))('%s parses to itself, in both modes', (id) => {
    for (const mode of ['head', 'finetune'] as const) {
      const config = presetConfig(id, mode)
      expect(trainingConfigSchema.parse(config)).toEqual(config)
      expect(config).toMatchObject({ preset: id, mode })
    }
  })

  it('have the figures of their sources', () => {
    expect(fine('fastai').head).toMatchObject({ epochs: 1, learningRate: 2e-3, schedule: 'one-cycle', warmup: 0.99 })
    expect(fine('fastai').fineTune).toMatchObject({ learningRate: 1e-3, schedule: 'one-cycle', warmup: 0.3 })
    expect(fine('fastai').fineTune.layerDecay ** 18).toBeCloseTo(0.01, 3)
    const bit = fine('bit').fineTune
    expect(bit).toMatchObject({ optimizer: 'sgd', learningRate: 0.003, maxSteps: 500, headFirst: false, mixup: 0 })
    expect(bit.batchSize * bit.accumulate).toBe(512)
    expect(fine('keras-tutorial').head).toMatchObject({ optimizer: 'adam', learningRate: 1e-4, epochs: 10 })
    expect(fine('keras-tutorial').fineTune).toMatchObject({ optimizer: 'rmsprop', learningRate: 1e-5, epochs: 10 })
    expect(fine('fast-head').head).toMatchObject({ method: 'lbfgs', penalty: 'auto', labelSmoothing: 0 })
    expect(PENALTIES).toHaveLength(45)
    expect(PENALTIES[0]).toBeCloseTo(1e5, 6)
    expect(PENALTIES.at(-1)).toBeCloseTo(1e-6, 12)
  })

  it('have a mode of their own', () => {
    expect(PRESETS.map(({ id }) => [id, presetMode(id)])).toEqual([
      ['default', 'head'],
      ['fast-head', 'head'],
      ['fastai', 'finetune'],
      ['bit', 'finetune'],
      ['keras-tutorial', 'finetune'],
      ['naive', 'head']
    ])
  })
})

describe('configurations of before', () => {
  /** As a run was stored before there were methods, balance, or more of augmentation. */
  const stored = {
    mode: 'finetune',
    preset: 'default',
    head: { input: 'features', epochs: 60, batchSize: 64, optimizer: 'adamw', learningRate: 0.001, weightDecay: 0.05 },
    fineTune: { epochs: 12, unfreeze: 4, clipNorm: 1, ema: 0.99 },
    augmentation: { flip: true, shift: 0.06, zoom: 0.1 }
  }

  it('parse, and read as what such a run did', () => {
    const config = trainingConfigSchema.parse(stored)
    expect(config.head).toMatchObject({ method: 'gradient', hiddenUnits: 0, momentum: 0.9, ema: 0, clipNorm: 0 })
    expect(config.fineTune).toMatchObject({
      headFirst: true,
      layerDecay: 1,
      batchNorm: 'frozen',
      accumulate: 1,
      mixup: 0
    })
    expect(config.augmentation).toMatchObject({ rotation: 0, cutout: 0, randAugment: { operations: 0 } })
    expect(config.balance).toEqual({ lossWeights: 'none', sampling: 'shuffle' })
  })
})

describe('withSetting', () => {
  const base = presetConfig('default', 'head')

  it('changes one setting and leaves the configuration it was given', () => {
    const changed = withSetting(base, 'head.learningRate', '0.02')
    expect(changed.head.learningRate).toBe(0.02)
    expect(base.head.learningRate).not.toBe(0.02)
    expect(withSetting(base, 'fineTune.unfreeze', 'all').fineTune.unfreeze).toBe('all')
    expect(withSetting(base, 'augmentation.flip', 'false').augmentation.flip).toBe(false)
    expect(withSetting(base, 'head.optimizer', 'sgd').head.optimizer).toBe('sgd')
  })

  it('changes the contract as a whole or in part', () => {
    const naive = presetConfig('naive', 'head')
    expect(withSetting(naive, 'contract.crop', 'pad').contract?.crop).toBe('pad')
    expect(withSetting(naive, 'contract', 'null').contract).toBeNull()
    expect(withSetting(base, 'contract', JSON.stringify(naive.contract)).contract).toEqual(naive.contract)
  })

  it.each(['head.learnRate', 'heads.epochs', 'head', '__proto__', 'constructor', 'toString', 'head.constructor', ''])(
    'refuses the unknown key %j',
    (key) => {
      expect(() => withSetting(base, key, '1')).toThrow(expect.objectContaining({ code: 'config/unknown-key' }))
    }
  )

  it('refuses a part of the contract that does not exist, or of one that is not there', () => {
    const naive = presetConfig('naive', 'head')
    for (const config of [naive, base]) {
      expect(() => withSetting(config, 'contract.gamma', '2')).toThrow(
        expect.objectContaining({ code: 'config/unknown-key' })
      )
    }
  })

  it.each([
    ['head.learningRate', '-1'],
    ['head.learningRate', '1e3'],
    ['head.epochs', '1.5'],
    ['head.epochs', 'many'],
    ['head.optimizer', 'lion'],
    ['head.input', 'pixels'],
    ['fineTune.unfreeze', '0'],
    ['head.dropout', '1'],
    ['seed', '-3']
  ])('refuses %s = %s', (key, text) => {
    expect(() => withSetting(base, key, text)).toThrow(
      expect.objectContaining({ code: 'config/invalid', message: expect.stringContaining(`'${key}'`) })
    )
  })

  it('names every wrong setting', () => {
    expect(() => validateConfig({ head: { epochs: 0 }, seed: 'x' })).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({
          issues: expect.arrayContaining([
            expect.objectContaining({ key: 'head.epochs' }),
            expect.objectContaining({ key: 'seed' })
          ])
        })
      })
    )
  })
})

describe('recommendedConfig', () => {
  const input: RecommendationInput = {
    mode: 'finetune',
    preset: 'default',
    images: 1000,
    classes: 10,
    smallestClass: 80,
    largestClass: 120,
    threads: 4,
    tensorflowReady: true,
    blocks: 18,
    msPerImage: 20,
    int8: false
  }

  it('is the preset for a dataset of ordinary size', () => {
    expect(recommendedConfig(input)).toEqual({ config: presetConfig('default', 'finetune'), reasons: {} })
  })

  it('gives exactly one reason for each setting that it changed', () => {
    const cases: Partial<RecommendationInput>[] = [
      { images: 40, smallestClass: 4, largestClass: 10 },
      { images: 200, smallestClass: 20 },
      { images: 30_000, msPerImage: 300 },
      { preset: 'bit', images: 200 },
      { preset: 'fastai', blocks: 12 },
      { images: 500_000 },
      { preset: 'naive' },
      { preset: 'naive', mode: 'head' }
    ]
    for (const change of cases) {
      const { config, reasons } = recommendedConfig({ ...input, ...change })
      expect(trainingConfigSchema.parse(config)).toEqual(config)
      const own = change.preset === 'naive' ? 'default' : config.preset
      const preset = flattenConfig(presetConfig(own, config.mode))
      const changed = Object.entries(flattenConfig(config))
        .filter(([key, value]) => key !== 'preset' && JSON.stringify(preset[key]) !== JSON.stringify(value))
        .map(([key]) => key)
      expect(Object.keys(reasons).sort()).toEqual(changed.sort())
      expect(changed.length).toBeGreaterThan(0)
    }
  })

  it('fits batches and epochs to what there is', () => {
    const small = recommendedConfig({ ...input, images: 60, smallestClass: 6 })
    expect(small.config.fineTune).toMatchObject({ unfreeze: 1, batchSize: 16 })
    expect(small.config.earlyStopping.patience).toBe(20)
    expect(recommendedConfig({ ...input, images: 60_000 }).config.fineTune.epochs).toBe(4)
  })

  it('unfreezes what this machine can pay for', () => {
    const unfrozen = (msPerImage: number | null, images = 10_000, threads = 4) =>
      recommendedConfig({ ...input, msPerImage, images, threads }).config.fineTune.unfreeze
    expect(unfrozen(20)).toBe(4)
    // 7,000 images at 65 ms: 11 minutes with four blocks, 9.3 with two, 10.1 with three.
    expect(unfrozen(65)).toBe(2)
    expect(unfrozen(1000)).toBe(1)
    expect(unfrozen(null, 20_000, 2)).toBe(1)
    expect(unfrozen(null, 20_000, 4)).toBe(4)
  })

  it('tells of classes that differ much in size, and leaves the choice', () => {
    const { config, reasons } = recommendedConfig({ ...input, smallestClass: 12, largestClass: 182 })
    expect(config.balance).toEqual({ lossWeights: 'none', sampling: 'shuffle' })
    expect(reasons['balance.lossWeights']).toContain('15 times')
  })

  it('counts the steps of BiT in epochs, and has its longer rule from 20,000 images on', () => {
    // 700 training images make two steps of 512 an epoch.
    expect(recommendedConfig({ ...input, preset: 'bit', mode: 'head' }).config.head.epochs).toBe(250)
    expect(recommendedConfig({ ...input, preset: 'bit', images: 400 }).config.head.epochs).toBe(500)
    const large = recommendedConfig({ ...input, preset: 'bit', images: 40_000 }).config.fineTune
    expect(large).toMatchObject({ maxSteps: 10_000, mixup: 0.1 })
  })

  it('has all of an untrained backbone learn, and says so of a head on one', () => {
    const { config, reasons } = recommendedConfig({ ...input, untrained: true, mode: 'finetune' })
    expect(config.fineTune).toMatchObject({ unfreeze: 'all', epochs: 20 })
    expect(reasons['fineTune.unfreeze']).toContain('random')
    expect(recommendedConfig({ ...input, untrained: true, mode: 'head' }).reasons['mode']).toContain('random')
  })

  it('tells of eight bits where they save minutes', () => {
    const told = (change: Partial<RecommendationInput>): string | undefined =>
      recommendedConfig({ ...input, ...change }).reasons['frozenPrecision']
    expect(told({ images: 5000, int8: true })).toBeUndefined()
    const many = { images: 9000, int8: true }
    expect(told(many)).toContain('about 3 minutes')
    expect(told({ ...many, preset: 'fast-head', mode: 'head' })).toBeDefined()
    expect(told({ ...many, int8: false })).toBeUndefined()
    expect(told({ ...many, msPerImage: null })).toBeUndefined()
    expect(told({ ...many, untrained: true })).toBeUndefined()
    expect(recommendedConfig({ ...input, ...many }).config.frozenPrecision).toBe('float32')
  })

  it("spreads fastai's hundredfold over the backbone's blocks", () => {
    const decay = recommendedConfig({ ...input, preset: 'fastai', blocks: 10 }).config.fineTune.layerDecay
    expect(decay ** 10).toBeCloseTo(0.01, 3)
  })

  it('says that fine-tuning waits for TensorFlow, and does not mind for a head', () => {
    expect(recommendedConfig({ ...input, tensorflowReady: false }).reasons['mode']).toMatch(/TensorFlow/)
    expect(recommendedConfig({ ...input, mode: 'head', tensorflowReady: false }).reasons).toEqual({})
  })
})
