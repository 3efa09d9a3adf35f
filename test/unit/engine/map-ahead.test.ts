import { describe, expect, it } from 'vitest'
import { mapAhead } from '../../../main/engine/data/map-ahead'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('mapAhead', () => {
  it('keeps the order whatever finishes first', async () => {
    const results: number[] = []
    const work = async (item: number): Promise<number> => {
      await pause(item % 3 === 0 ? 5 : 1)
      return item * 2
    }
    for await (const result of mapAhead([0, 1, 2, 3, 4, 5, 6], work, { concurrency: 3, ahead: 5 })) results.push(result)
    expect(results).toEqual([0, 2, 4, 6, 8, 10, 12])
  })

  it('runs as many at once as it may, and no further ahead', async () => {
    let running = 0
    let most = 0
    let started = 0
    const items = Array.from({ length: 20 }, (_, index) => index)
    const results = mapAhead(
      items,
      async () => {
        started++
        most = Math.max(most, ++running)
        await pause(1)
        running--
      },
      { concurrency: 2, ahead: 6 }
    )
    await results.next()
    await pause(40)
    // One was taken, six more may lie ready.
    expect(started).toBe(7)
    expect(most).toBe(2)
    while (!(await results.next()).done);
    expect(started).toBe(20)
  })

  it('starts nothing more once its reader has left', async () => {
    let started = 0
    const work = async (): Promise<void> => {
      started++
      await pause(1)
    }
    const results = mapAhead(Array.from({ length: 50 }), work, { concurrency: 2, ahead: 8 })
    await results.next()
    await results.return(undefined)
    const then = started
    await pause(20)
    expect(started).toBeLessThanOrEqual(then + 2)
  })

  it('throws an error at its turn', async () => {
    const seen: number[] = []
    const work = async (item: number): Promise<number> => {
      if (item === 2) throw new Error('two')
      await pause(item)
      return item
    }
    const read = async (): Promise<void> => {
      for await (const item of mapAhead([0, 1, 2, 3], work, { concurrency: 4, ahead: 4 })) seen.push(item)
    }
    await expect(read()).rejects.toThrow('two')
    expect(seen).toEqual([0, 1])
  })
})
