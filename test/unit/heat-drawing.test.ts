import { describe, expect, it } from 'vitest'
import type { HeatMap } from '@shared/domain/heat'
import { boxStyle, hasUnseen, legendGradient, unseenClip } from '../../renderer/components/heat/heat-drawing'
import { heatCaption, peakText } from '../../renderer/components/heat/heat-text'

const wide = { picture: { width: 200, height: 100 }, box: { left: 50, top: 0, width: 100, height: 100 } }
const padded = { picture: { width: 50, height: 100 }, box: { left: -25, top: 0, width: 100, height: 100 } }

describe('a map over its picture', () => {
  it('lies where the network looked', () => {
    expect(boxStyle(wide)).toEqual({ left: '25.000%', top: '0.000%', width: '50.000%', height: '100.000%' })
    expect(boxStyle(padded)).toMatchObject({ left: '-50.000%', width: '200.000%' })
  })

  it('leaves the rest unseen, but for a sliver', () => {
    expect(hasUnseen(wide)).toBe(true)
    expect(hasUnseen(padded)).toBe(false)
    expect(hasUnseen({ ...wide, box: { left: 0.4, top: 0, width: 199.2, height: 100 } })).toBe(false)
    expect(unseenClip(wide)).toContain('25.000% 0.000%, 75.000% 0.000%, 75.000% 100.000%, 25.000% 100.000%')
    expect(unseenClip(padded)).toContain('0.000% 0.000%, 100.000% 0.000%')
  })

  it('has a legend that fades in as the map does', () => {
    const gradient = legendGradient()
    expect(gradient).toMatch(/^linear-gradient\(to right, rgb\(\d+ \d+ \d+ \/ 0\.00\) 0\.000%/)
    expect(gradient).toMatch(/\/ 1\.00\) 100\.000%\)$/)
  })

  it('is told in words', () => {
    const map = { method: 'grad-cam', classLabel: 'cat', probability: 0.934 } as HeatMap
    expect(heatCaption(map)).toBe('What speaks for ‘cat’ (93.4 %), by Grad-CAM')
    expect(heatCaption({ ...map, method: 'occlusion' })).toContain('by occlusion')
    expect([peakText('grad-cam', 12.34), peakText('occlusion', 0.512)]).toEqual(['12 logits', '0.51 log-odds'])
  })
})
