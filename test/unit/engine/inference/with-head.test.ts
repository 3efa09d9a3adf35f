import { describe, expect, it } from 'vitest'
import type { FrozenNetwork } from '../../../../main/engine/executors/executor'
import { withHead } from '../../../../main/engine/inference/with-head'

/** Gives each pixel's first and second channel as features. */
const features: FrozenNetwork = {
  inputShape: [1, 1, 3],
  outputShape: [2],
  run: (batch, count) =>
    Promise.resolve(Float32Array.from({ length: count * 2 }, (_, index) => batch[(index >> 1) * 3 + (index & 1)]!)),
  dispose: () => Promise.resolve()
}
const head = {
  kernel: { shape: [2, 3], data: Float32Array.from([1, 2, 3, 10, 20, 30]) },
  bias: { shape: [3], data: Float32Array.from([0.5, 0, -0.5]) },
  hidden: null
}

describe('a head behind a network in a foreign form', () => {
  it('gives kernel · features + bias for every picture', async () => {
    const network = withHead(features, head)
    expect(network).toMatchObject({ inputShape: [1, 1, 3], outputShape: [3] })
    const logits = await network.run(Float32Array.from([1, 2, 9, 3, 4, 9]), 2)
    expect([...logits]).toEqual([21.5, 42, 62.5, 43.5, 86, 128.5])
  })

  it('is refused when it was trained on another width', () => {
    const kernel = { shape: [3, 2], data: new Float32Array(6) }
    expect(() => withHead(features, { ...head, kernel })).toThrow('3 features')
  })
})
