import { describe, expect, it } from 'vitest'
import { html } from '../../../main/services/report/html'
import { lineChart } from '../../../main/services/report/svg/line-chart'
import { matrix } from '../../../main/services/report/svg/matrix'
import { ticks } from '../../../main/services/report/svg/ticks'

describe('html', () => {
  it('escapes what is put in, but not what is HTML already', () => {
    const inner = html`<b>${'<script>"&\''}</b>`
    expect(html`<p>${inner}${[1, inner]}${null}${false}</p>`.source).toBe(
      '<p><b>&lt;script&gt;&quot;&amp;&#39;</b>1<b>&lt;script&gt;&quot;&amp;&#39;</b></p>'
    )
  })
})

describe('ticks', () => {
  it.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0.1, 0.3, [0.1, 0.15, 0.2, 0.25, 0.3]],
    [-3, 12, [0, 5, 10]],
    [2, 2, [2]]
  ])('between %d and %d', (low, high, wanted) => expect(ticks(low, high)).toEqual(wanted))
})

describe('line chart', () => {
  it('leaves a gap where a value is not finite, and says where each line ends', () => {
    const points = { x: Float64Array.of(0, 1, 2, 3, 4), y: Float64Array.of(1, 2, NaN, 2, 3) }
    const { source } = lineChart('loss', 'step', [{ name: 'a "run"', color: 9, points }])
    const path = /d="([^"]+)"/.exec(source)![1]!
    expect(path.match(/M/g)).toHaveLength(2)
    expect(path.match(/L/g)).toHaveLength(2)
    expect(source).toContain('aria-label="loss: a &quot;run&quot; ends at 3"')
    expect(source).toContain('run-1"')
  })
})

describe('matrix', () => {
  it('shades a cell by its share of the row and names it', () => {
    const { source } = matrix(
      'Confusion',
      ['cat', 'dog'],
      [
        [3, 1],
        [0, 5]
      ]
    )
    expect(source.match(/<title>[^<]+/g)).toEqual([
      '<title>cat taken for cat: 3 of 4',
      '<title>cat taken for dog: 1 of 4',
      '<title>dog taken for dog: 5 of 5'
    ])
    expect(source).toContain('fill-opacity="0.250"')
  })
})
