import { describe, expect, it } from 'vitest'
import { checkDraft, parseNumber, parseNumbers, toDraft, unflatten } from '../../renderer/components/new-run/draft'
import { estimateText } from '../../renderer/components/new-run/estimate-text'
import { CONTRACT_FIELDS, FIELDS } from '../../renderer/components/new-run/field-list'
import { choiceLabel, fieldsOf, settingLabel, TOPICS } from '../../renderer/components/new-run/fields'
import { limitsOf } from '../../renderer/components/new-run/limits'
import { topicSummary } from '../../renderer/components/new-run/topic-summary'
import { changedKeys, configRows, settingText } from '../../renderer/components/run/config-rows'
import { presetConfig } from '@shared/domain/presets'
import { flattenConfig } from '@shared/domain/training-config'

const base = presetConfig('default', 'finetune')
const naive = presetConfig('naive', 'finetune')

describe('what differs between configurations', () => {
  it('finds nothing between equals, and exactly what was changed', () => {
    expect(changedKeys(base, structuredClone(base))).toEqual([])
    const other = structuredClone(base)
    other.head.learningRate = 0.5
    other.fineTune.unfreeze = 'all'
    expect(changedKeys(other, base)).toEqual(['head.learningRate', 'fineTune.unfreeze'])
  })

  it('counts a contract against none as one difference, and two contracts setting by setting', () => {
    expect(changedKeys(naive, base).filter((key) => key.startsWith('contract'))).toEqual(['contract'])
    const other = structuredClone(naive)
    other.contract!.mean = [1, 2, 3]
    expect(changedKeys(other, naive)).toEqual(['contract.mean'])
  })

  it('marks in the table of a run what differs from its preset, and leaves out what has no effect', () => {
    const config = structuredClone(presetConfig('naive', 'head'))
    config.head.epochs = 3
    const rows = configRows(config)
    expect(rows.filter(({ changed }) => changed).map(({ key, preset, value }) => [key, preset, value])).toEqual([
      ['head.epochs', 10, 3]
    ])
    expect(rows.some(({ key }) => key.startsWith('fineTune.'))).toBe(false)
    expect(configRows(naive).some(({ key }) => key.startsWith('fineTune.'))).toBe(true)
  })

  it('reads values as people do', () => {
    expect(settingText('earlyStopping.enabled', true)).toBe('yes')
    expect(settingText('contract.mean', [1, 2, 3])).toBe('1, 2, 3')
    expect(settingText('head.optimizer', 'adamw')).toBe('AdamW')
    expect(settingText('contract', null)).toBe('as the backbone')
    expect(settingText('head.warmup', null)).toBe('–')
  })
})

describe('the form', () => {
  it('asks for every setting of the schema', () => {
    const asked = new Set([...FIELDS, ...CONTRACT_FIELDS].map(({ key }) => key))
    const elsewhere = ['mode', 'preset', 'backboneId']
    const all = Object.keys(flattenConfig(naive)).filter((key) => !elsewhere.includes(key))
    expect(all.filter((key) => !asked.has(key))).toEqual([])
    expect([...asked].filter((key) => !all.includes(key))).toEqual([])
  })

  it('gives each setting a name, a reason and a topic that exists', () => {
    const topics = new Set(TOPICS.map(({ id }) => id))
    for (const field of [...FIELDS, ...CONTRACT_FIELDS]) {
      expect(field.label && field.reason).toBeTruthy()
      expect(topics.has(field.topic)).toBe(true)
      if (field.input === 'choice') expect(field.choices!.length).toBeGreaterThan(1)
    }
    expect(fieldsOf('augmentation', 'head')).toEqual([])
    expect(fieldsOf('augmentation', 'finetune').length).toBe(14)
    expect(settingLabel('head.learningRate')).toBe('Head · learning rate')
    expect(settingLabel('fineTune.epochs')).toBe('Fine-tuning · epochs')
    expect(settingLabel('unheard.of')).toBe('unheard.of')
    expect(choiceLabel('head.schedule', 'cosine')).toBe('Cosine')
    expect(choiceLabel('head.epochs', '3')).toBeNull()
  })

  it('asks only for what has an effect beside the other settings', () => {
    const keys = (method: string) =>
      fieldsOf('head', 'head', { ...toDraft(base), 'head.method': method }).map(({ key }) => key)
    expect(keys('lbfgs')).toContain('head.penalty')
    expect(keys('lbfgs')).not.toContain('head.learningRate')
    expect(keys('gradient')).toContain('head.learningRate')
    expect(keys('gradient')).not.toContain('head.penalty')
    expect(keys('gradient')).not.toContain('head.momentum')
  })

  it('knows words that stand for numbers, and the limits of numbers', () => {
    expect(settingText('fineTune.maxSteps', null)).toBe('none')
    expect(settingText('head.penalty', 'auto')).toBe('auto')
    expect(settingText('fineTune.unfreeze', 3)).toBe('3')
    const draft = { ...toDraft(base), 'head.penalty': 'much', 'fineTune.maxSteps': 'few' }
    expect(checkDraft(draft).problems).toEqual({
      'head.penalty': "A number from 0, or 'auto'",
      'fineTune.maxSteps': "A whole number from 1, or 'none'"
    })
    expect(limitsOf('head.dropout')).toBe('0 to 0.9')
    expect(limitsOf('head.learningRate')).toBe('above 0, at most 10')
    expect(limitsOf('head.penalty')).toBe('0 to 1000000000')
    expect(limitsOf('augmentation.randAugment.magnitude')).toBe('0 to 10')
    expect(limitsOf('augmentation.flip')).toBeNull()
  })

  it('goes from a configuration to a draft and back', () => {
    for (const config of [base, naive]) {
      expect(unflatten(toDraft(config))).toEqual(config)
      expect(checkDraft(toDraft(config))).toEqual({ config, problems: {} })
    }
  })

  it.each([
    ['head.epochs', 0, 'At least 1'],
    ['head.learningRate', 0, 'Above 0'],
    ['head.learningRate', 11, 'At most 10'],
    ['head.batchSize', 2.5, 'A whole number'],
    ['head.batchSize', 'many', 'A number'],
    ['head.dropout', '', 'A number'],
    ['fineTune.unfreeze', 'some', "A whole number from 1, or 'all'"]
  ])('tells what is wrong with %s = %o by its field', (key, value, problem) => {
    const { config, problems } = checkDraft({ ...toDraft(base), [key]: value })
    expect(config).toBeNull()
    expect(problems).toEqual({ [key]: problem })
  })

  it('tells what is wrong in a list by the list', () => {
    const draft = { ...toDraft(naive), 'contract.std': [1, 0, 1], 'contract.mean': [1, 'x', 3] }
    expect(Object.keys(checkDraft(draft).problems).sort()).toEqual(['contract.mean', 'contract.std'])
    expect(checkDraft({ ...toDraft(naive), 'contract.mean': [1, 2] }).problems).toHaveProperty('contract.mean')
  })

  it('reads what is typed', () => {
    expect(parseNumber(' 0,01 ')).toBe(0.01)
    expect(parseNumber('1e-4')).toBe(1e-4)
    expect(parseNumber('fast')).toBe('fast')
    expect(parseNumber('')).toBe('')
    expect(parseNumbers('127, 127 ;x')).toEqual([127, 127, 'x'])
  })

  it('says what is inside a folded topic', () => {
    const byBatches = toDraft(base)
    const draft = { ...byBatches, 'head.method': 'lbfgs' }
    expect(topicSummary('head', draft, 'finetune')).toBe('logistic regression, penalty auto')
    expect(topicSummary('schedule', draft, 'finetune')).toBe(`head solved; then ${base.fineTune.epochs}, cosine`)
    expect(topicSummary('head', byBatches, 'finetune')).toContain(`AdamW at ${base.head.learningRate}`)
    expect(topicSummary('schedule', byBatches, 'head')).toBe(`${base.head.epochs} epochs, cosine`)
    expect(topicSummary('balance', draft, 'head')).toBe('every image alike')
    expect(topicSummary('preprocessing', toDraft(naive), 'head')).toContain('overridden')
    expect(topicSummary('fineTune', toDraft(naive), 'finetune')).toContain('all blocks')
  })

  it('says the estimate in a sentence', () => {
    expect(estimateText({ seconds: 100, images: 997, classes: 18, cachedFeatures: 600 })).toBe(
      'About 1 min 40 s on this machine; 997 images, 18 classes. Features of 600 are in the cache already.'
    )
    expect(estimateText({ seconds: null, images: 10, classes: 2, cachedFeatures: 10 })).toContain('All features')
  })
})
