import { describe, expect, it } from 'vitest'
import { isHiddenName, isImageName } from '@shared/formats/image-names'
import { detectLayout, placeOf } from '../../../main/engine/importing/layout'

describe('the layout of a folder', () => {
  it.each([
    [['cat/1.png', 'dog/1.png'], 'labels'],
    [['train/cat/1.png', 'val/cat/1.png', 'test/cat/1.png'], 'splits'],
    [['Train/cat/1.png', 'VALID/cat/1.png'], 'splits'],
    [['training/cat/1.png', 'validation/cat/1.png', 'testing/dog/1.png'], 'splits'],
    [['train/cat/1.png', 'train/dog/1.png'], 'splits'],
    [['train/cat/1.png', 'test/cat/1.png', 'extra/cat/1.png'], 'splits'],
    // Vehicles: a train is a label among labels.
    [['train/1.png', 'bus/1.png', 'tram/1.png'], 'labels'],
    [['train/steam/1.png', 'bus/1.png'], 'labels'],
    [['train/1.png', 'test/1.png'], 'labels'],
    [['test/cat/1.png', 'val/cat/1.png'], 'labels'],
    [['1.png'], 'labels'],
    [[], 'labels']
  ] as const)('of %j is %s', (paths, layout) => expect(detectLayout(paths)).toBe(layout))
})

describe('the place of an image', () => {
  it('is labelled by its first folder', () => {
    expect(placeOf('cat/1.png', 'labels')).toEqual({ label: 'cat', split: null })
    expect(placeOf('cat/2019/june/1.png', 'labels')).toEqual({ label: 'cat', split: null })
    expect(placeOf('1.png', 'labels')).toBeNull()
  })

  it('is labelled by the folder below its split', () => {
    expect(placeOf('Train/cat/deep/1.png', 'splits')).toEqual({ label: 'cat', split: 'train' })
    expect(placeOf('valid/cat/1.png', 'splits')).toEqual({ label: 'cat', split: 'validation' })
    expect(placeOf('testing/cat/1.png', 'splits')).toEqual({ label: 'cat', split: 'test' })
    expect(placeOf('train/1.png', 'splits')).toBeNull()
    expect(placeOf('extra/cat/1.png', 'splits')).toBeNull()
  })

  it('has its label in composed form, whatever form the folder has', () => {
    expect(placeOf('e\u0301te\u0301/1.png', 'labels')).toEqual({ label: 'été', split: null })
    expect(placeOf('猫 "the" cat\'s/1.png', 'labels')?.label).toBe('猫 "the" cat\'s')
  })
})

it('tells images by their names', () => {
  for (const name of ['a.jpg', 'B.JPEG', 'c.d.png', 'e.webp', 'f.TIF', 'g.heic'])
    expect([name, isImageName(name)]).toEqual([name, true])
  for (const name of ['a.txt', 'jpg', '.jpg', 'a.jpg.txt', 'LICENSE'])
    expect([name, isImageName(name)]).toEqual([name, false])
  for (const name of ['.DS_Store', '._a.jpg', '__MACOSX']) expect([name, isHiddenName(name)]).toEqual([name, true])
})
