/** How the view moves, and what the y axis holds. */
import { describe, expect, it } from 'vitest'
import { panned, within, zoomed } from '../../renderer/charts/axis-range'
import { lineAt } from '../../renderer/charts/overlay'
import { valueRange } from '../../renderer/charts/value-range'

const columns = (x: number[], y: number[]) => ({ x: Float64Array.from(x), y: Float64Array.from(y) })
const line = (id: string, x: number[], y: number[]) => ({ id, label: id, color: '#000000', points: columns(x, y) })

describe('zoom and pan', () => {
  it('keep what is pointed at in its place, and stay within the whole', () => {
    expect(zoomed([0, 100], [0, 100], 50, 2)).toEqual([25, 75])
    expect(zoomed([0, 100], [0, 100], 0, 4)).toEqual([0, 25])
    expect(zoomed([25, 75], [0, 100], 50, 0.1)).toBeNull()
    expect(panned([25, 75], [0, 100], 0.5)).toEqual([50, 100])
    expect(panned([25, 75], [0, 100], 5)).toEqual([50, 100])
    expect(panned([25, 75], [0, 100], -5)).toEqual([0, 50])
    expect(within([-1, 100], [0, 100])).toBeNull()
    expect(within([200, 300], [0, 100])).toBeNull()
  })

  it('move in decades on a logarithmic axis', () => {
    const [from, to] = zoomed([1, 10_000], [1, 10_000], 100, 2, true)!
    expect([from, to].map((value) => Number(value.toFixed(6)))).toEqual([10, 1000])
    const [low, high] = panned([1, 100], [1, 10_000], 0.5, true)!
    expect([low, high].map((value) => Number(value.toFixed(6)))).toEqual([10, 1000])
  })

  it('end before a view is nothing at all', () => {
    let range: readonly [number, number] = [0, 1000]
    for (let step = 0; step < 100; step++) range = zoomed(range, [0, 1000], 333, 3)!
    expect(range[1] - range[0]).toBeCloseTo(0.01, 6)
  })
})

describe('valueRange', () => {
  it('holds every extreme in view, and none that is out of it', () => {
    const [low, high] = valueRange([line('a', [0, 1, 2, 3], [99, 1, 2, Number.NaN])], [1, 3], false)
    expect([low < 1, low > 0.9, high > 2, high < 2.1]).toEqual([true, true, true, true])
  })

  it('holds bands and what was smoothed away', () => {
    const band = { x: Float64Array.of(0, 1), low: Float64Array.of(-3, 0), high: Float64Array.of(0, 7) }
    const [low, high] = valueRange(
      [{ ...line('a', [0, 1], [0, 0]), band, faint: columns([0, 1], [0, 20]) }],
      [0, 1],
      false
    )
    expect(low).toBeLessThan(-3)
    expect(high).toBeGreaterThan(20)
  })

  it('takes what is above 0 for a logarithmic axis, and gives an axis to nothing and to a constant', () => {
    const [low] = valueRange([line('a', [0, 1, 2], [-1, 0, 0.01])], [0, 2], true)
    expect(low).toBe(0.005)
    expect(valueRange([], [0, 1], false)).toEqual([0, 1])
    expect(valueRange([line('a', [0, 1], [0, 1])], [0, 1], false, 1)).toEqual([0, 1])
    const [bottom, top] = valueRange([line('a', [0, 1], [5, 5])], [0, 1], false)
    expect(bottom < 5 && top > 5).toBe(true)
  })
})

it('finds the line that is pointed at', () => {
  const axis = { zero: 0, scale: 1, logarithmic: false }
  const plot = { left: 0, top: 0, right: 100, bottom: 100, from: 0, to: 100, x: axis, y: axis }
  const lines = [line('low', [0, 100], [10, 10]), line('steep', [0, 50, 100], [90, 50, 90]), line('none', [], [])]
  expect(lineAt(lines, plot, 50, 12)).toBe('low')
  expect(lineAt(lines, plot, 25, 72)).toBe('steep')
  expect(lineAt(lines, plot, 50, 30)).toBeNull()
})
