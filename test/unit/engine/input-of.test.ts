import { expect, it } from 'vitest'
import { architectureOf, randomWeights } from '../../../main/engine/backbones/architectures'
import type { NetworkGraph } from '../../../main/engine/backbones/graph'
import { inputOf, sideOf } from '../../../main/engine/backbones/importing/input-of'

const graph = architectureOf('mobilenet-0.25').build({ weights: randomWeights(1), classes: null, size: 64 })
const taking = (height: number, width: number, channels: number, flat = false): NetworkGraph => ({
  ...graph,
  nodes: [
    ...graph.nodes.map((node) => (node.op === 'input' ? { ...node, height, width, channels } : node)),
    ...(flat ? [{ name: 'flat', op: 'flatten' as const, input: graph.output }] : [])
  ]
})

it('takes square pictures of three channels as they are', () => {
  expect(inputOf(taking(64, 64, 3), 'it')).toEqual({ size: 64, notes: [] })
})

it('says that pictures which were not square will be, and refuses where they cannot', () => {
  expect(inputOf(taking(64, 96, 3), 'it').notes[0]).toContain('64 × 96')
  expect(() => inputOf(taking(64, 96, 3, true), 'it')).toThrow("'it' takes pictures of 64 × 96, not square ones.")
})

it('refuses what no picture can be prepared for, before anything is written', () => {
  const refused = expect.objectContaining({ code: 'backbone/unsupported-input' })
  expect(() => inputOf(taking(28, 28, 1), 'grey')).toThrow(refused)
  expect(() => inputOf(taking(8, 8, 3), 'tiny')).toThrow(refused)
  expect(() => sideOf(2000, 'large')).toThrow(refused)
})
