import { describe, expect, it } from 'vitest'
import { presetConfig, validateConfig, withSetting } from '@shared/domain/presets'
import { recommendedConfig, type RecommendationInput } from '@shared/domain/recommendation'
import { flattenConfig, trainingConfigSchema } from '@shared/domain/training-config'

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
    threads: 4,
    tensorflowReady: true
  }

  it('is the preset for a dataset of ordinary size', () => {
    expect(recommendedConfig(input)).toEqual({ config: presetConfig('default', 'finetune'), reasons: {} })
  })

  it('gives exactly one reason for each setting that it changed', () => {
    const cases: Partial<RecommendationInput>[] = [
      { images: 40, smallestClass: 4 },
      { images: 200, smallestClass: 20 },
      { images: 30_000, threads: 2 },
      { images: 500_000 },
      { preset: 'naive' },
      { preset: 'naive', mode: 'head' }
    ]
    for (const change of cases) {
      const { config, reasons } = recommendedConfig({ ...input, ...change })
      expect(trainingConfigSchema.parse(config)).toEqual(config)
      const preset = flattenConfig(presetConfig('default', config.mode))
      const changed = Object.entries(flattenConfig(config))
        .filter(([key, value]) => key !== 'preset' && JSON.stringify(preset[key]) !== JSON.stringify(value))
        .map(([key]) => key)
      expect(Object.keys(reasons).sort()).toEqual(changed.sort())
      expect(changed.length).toBeGreaterThan(0)
    }
  })

  it('fits batches and epochs to what there is', () => {
    const small = recommendedConfig({ ...input, images: 60, smallestClass: 6 })
    expect(small.config.head.batchSize).toBe(8)
    expect(small.config.head.epochs).toBe(100)
    expect(small.config.fineTune.unfreeze).toBe(1)
    const large = recommendedConfig({ ...input, images: 60_000 })
    expect(large.config.head).toMatchObject({ batchSize: 256, epochs: 30 })
  })

  it('says that fine-tuning waits for TensorFlow, and does not mind for a head', () => {
    expect(recommendedConfig({ ...input, tensorflowReady: false }).reasons['mode']).toMatch(/TensorFlow/)
    expect(recommendedConfig({ ...input, mode: 'head', tensorflowReady: false }).reasons).toEqual({})
  })
})
