import { expect, it } from 'vitest'
import { nearest } from '@shared/query/nearest'

const KEYS = ['preset', 'backbone', 'test.accuracy', 'head.learningRate', 'best.validation_loss', 'seed', 'tag']

it.each([
  ['preste', 'preset'],
  ['Preset', 'preset'],
  ['test.acuracy', 'test.accuracy'],
  ['accuracy', 'test.accuracy'],
  ['learningrate', 'head.learningRate'],
  ['tags', 'tag'],
  ['sed', 'seed'],
  ['weather', null],
  ['x', null]
])('%s means %s', (name, meant) => {
  expect(nearest(name, KEYS)).toBe(meant)
})
