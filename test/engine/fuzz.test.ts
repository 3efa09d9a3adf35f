import { expect, it } from 'vitest'
import { fuzz, prepareFuzz } from '../fuzz/run'

/** A short run; `npm run fuzz` makes a long one. */
const COUNT = 200

it('no reader crashes, hangs, fails without a code or leaves a file behind on damaged files', async () => {
  const readers = await prepareFuzz()
  expect(readers).toEqual(
    expect.arrayContaining(['keras-archive', 'keras-h5', 'stored-graph', 'tfjs-graph', 'tfjs-layers'])
  )
  const failures: Record<string, unknown[]> = {}
  for (const reader of readers) {
    const result = await fuzz(reader, COUNT)
    if (result.failures.length > 0) failures[reader] = result.failures
    // Damage that is always fatal, or never noticed, would try little.
    expect(Object.keys(result.outcomes).length, reader).toBeGreaterThan(1)
    expect(result.outcomes['read'], reader).toBeGreaterThan(0)
  }
  expect(failures).toEqual({})
})
