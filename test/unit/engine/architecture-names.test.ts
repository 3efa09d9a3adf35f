import { expect, test } from 'vitest'
import { ARCHITECTURE_FACTS, ARCHITECTURE_NAMES, INPUT_SIDES } from '@shared/domain/architectures'
import { PACKAGED_BACKBONES } from '@shared/domain/backbone-offers'
import { ARCHITECTURES, type WeightSource } from '../../../main/engine/backbones/architectures'
import { countMultiplyAdds, countParameters } from '../../../main/engine/backbones/measures'

const zeros: WeightSource = (_, shape) => new Float32Array(shape.reduce((product, side) => product * side, 1))

test('forms and doors name exactly the architectures that the engine has', () => {
  expect(ARCHITECTURE_NAMES).toEqual(Object.fromEntries(ARCHITECTURES.map(({ id, name }) => [id, name])))
})

test('what forms say of an architecture is what its network comes to', () => {
  for (const architecture of ARCHITECTURES) {
    const { id, name, family, contract } = architecture
    const graph = architecture.build({ weights: zeros, classes: null })
    const { variant, ...facts } = ARCHITECTURE_FACTS[id]!
    const counted = { parameters: countParameters(graph), multiplyAdds: countMultiplyAdds(graph) }
    expect(facts).toEqual({ name, family, size: contract.size, ...counted })
    expect(name.replace('-', ' ')).toContain(variant)
    const siblings = ARCHITECTURES.filter((other) => other.family === family)
    expect(variant === '').toBe(siblings.length === 1)
  }
})

test('the smallest picture reaches the pooled features of each', () => {
  for (const architecture of ARCHITECTURES) {
    const graph = architecture.build({ weights: zeros, classes: null, size: INPUT_SIDES.least })
    expect(countMultiplyAdds(graph)).toBeLessThan(ARCHITECTURE_FACTS[architecture.id]!.multiplyAdds / 10)
  }
})

test('what can be fetched has an architecture of the same pictures', () => {
  for (const { architecture, size, family, license } of PACKAGED_BACKBONES) {
    const found = ARCHITECTURES.find(({ id }) => id === architecture)
    expect(found).toMatchObject({ family, license, contract: { size } })
  }
})
