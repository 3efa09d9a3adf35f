import { describe, expect, it } from 'vitest'
import type { LoadedBatch } from '../../../main/engine/data/batches'
import type { ValueContract } from '../../../main/engine/data/normalize'
import { paceOf, runBatches } from '../../../main/engine/data/run-batches'
import type { FrozenNetwork } from '../../../main/engine/executors/executor'

const PLAIN: ValueContract = { colorOrder: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] }

/** Doubles what it is given, later calls sooner than earlier ones; counts the calls under way. */
function doubling(inFlight: number, fails = -1) {
  const seen = { running: 0, most: 0, calls: 0 }
  const network: FrozenNetwork = {
    inputShape: [1, 1, 1],
    outputShape: [1],
    pace: { inFlight, batchSize: 2 },
    async run(batch) {
      const call = seen.calls++
      seen.most = Math.max(seen.most, ++seen.running)
      await new Promise((resolve) => setTimeout(resolve, call % 2 === 0 ? 12 : 2))
      seen.running--
      if (call === fails) throw new Error('out of memory')
      return batch.map((value) => 2 * value)
    },
    dispose: () => Promise.resolve()
  }
  return { network, seen }
}

async function* batchesOf(counts: number[], ended = { value: false }): AsyncGenerator<LoadedBatch<number>> {
  let item = 0
  try {
    for (const count of counts) {
      const items = Array.from({ length: count }, () => item++)
      yield { items, pictures: items.map((value) => Uint8Array.of(value)), failed: [] }
    }
  } finally {
    ended.value = true
  }
}

describe('runBatches', () => {
  it.each([1, 2, 3])('keeps %i calls in the network, and the order of the batches', async (inFlight) => {
    const { network, seen } = doubling(inFlight)
    const outputs: number[][] = []
    for await (const each of runBatches(batchesOf([2, 2, 2, 0, 2, 1]), network, PLAIN)) outputs.push([...each.outputs])
    expect(outputs).toEqual([[0, 2], [4, 6], [8, 10], [], [12, 14], [16]])
    // A batch of which nothing could be read does not go into the network.
    expect(seen).toEqual({ running: 0, most: inFlight, calls: 5 })
  })

  it('waits for what is in the network when one call fails, and when the loop is left', async () => {
    const failing = doubling(3, 1)
    const ended = { value: false }
    const read = async (): Promise<void> => {
      for await (const each of runBatches(batchesOf([2, 2, 2, 2, 2], ended), failing.network, PLAIN))
        expect(each).toBeDefined()
    }
    await expect(read()).rejects.toThrow('out of memory')
    expect(failing.seen.running).toBe(0)
    expect(ended.value).toBe(true)

    const left = doubling(3)
    for await (const each of runBatches(batchesOf([2, 2, 2, 2, 2]), left.network, PLAIN)) {
      expect(each.batch.items).toEqual([0, 1])
      break
    }
    expect(left.seen.running).toBe(0)
  })

  it('takes a network that says nothing for one that works on one call at a time', async () => {
    const { network, seen } = doubling(4)
    const silent = { ...network }
    delete silent.pace
    expect(paceOf(silent)).toEqual({ inFlight: 1, batchSize: 32 })
    for await (const each of runBatches(batchesOf([1, 1, 1]), silent, PLAIN)) expect(each.outputs).toHaveLength(1)
    expect(seen.most).toBe(1)
  })
})
