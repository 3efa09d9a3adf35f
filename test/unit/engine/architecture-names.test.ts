import { expect, test } from 'vitest'
import { ARCHITECTURE_NAMES } from '@shared/domain/architectures'
import { PACKAGED_BACKBONES } from '@shared/domain/backbone-offers'
import { ARCHITECTURES } from '../../../main/engine/backbones/architectures'

test('forms and doors name exactly the architectures that the engine has', () => {
  expect(ARCHITECTURE_NAMES).toEqual(Object.fromEntries(ARCHITECTURES.map(({ id, name }) => [id, name])))
})

test('what can be fetched has an architecture of the same pictures', () => {
  for (const { architecture, size, family, license } of PACKAGED_BACKBONES) {
    const found = ARCHITECTURES.find(({ id }) => id === architecture)
    expect(found).toMatchObject({ family, license, contract: { size } })
  }
})
