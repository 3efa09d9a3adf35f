/** Findings that cannot both be true are not told together, whichever of the detectors raised them. */
import { presetConfig } from '@shared/domain/presets'
import type { LiveFinding, LiveFindingCode } from '@shared/domain/live-finding'
import { describe, expect, it } from 'vitest'
import { consistent } from '../../../main/engine/diagnosis/live/contradictions'
import { LiveMonitor } from '../../../main/engine/diagnosis/live/monitor'
import { times } from './recent'

const found = (...names: string[]): LiveFinding[] =>
  names.map((name) => ({
    code: (name.includes('/') ? name : `training/${name}`) as LiveFindingCode,
    severity: 'warning',
    title: name
  }))
const told = (...names: string[]): string[] => consistent(found(...names)).map(({ title }) => title)

describe('two findings that contradict each other', () => {
  it.each(['diverged', 'exploding-gradients', 'learning-rate-high', 'not-a-number'])(
    'a loss that stays, a rate too low and gradients that have vanished are not told beside %s',
    (cause) => {
      expect(told(cause, 'plateau')).toEqual([cause])
      expect(told(cause, 'learning-rate-low')).toEqual([cause])
      expect(told(cause, 'vanishing-gradients')).toEqual([cause])
    }
  )
  it('what does not fall does not fall too slowly, and one of them says to lower the rate', () => {
    expect(told('plateau', 'learning-rate-low')).toEqual(['plateau'])
  })
  it('what learns by heart neither stays nor learns too slowly, and what runs away does not learn', () => {
    expect(told('plateau', 'learning-rate-low', 'overfitting')).toEqual(['overfitting'])
    expect(told('diverged', 'overfitting')).toEqual(['diverged'])
  })
  it('units that are dead and gradients that have vanished are why the loss stays', () => {
    expect(told('dead-units', 'plateau', 'learning-rate-low')).toEqual(['dead-units'])
    expect(told('vanishing-gradients', 'plateau', 'learning-rate-low')).toEqual(['vanishing-gradients'])
  })
  it('a machine that swaps is slow, and waits, for that', () => {
    expect(told('device/swapping', 'device/input-bound', 'device/throttling')).toEqual(['device/swapping'])
  })
  it('of two that would set one setting, the graver keeps its repair', () => {
    const [ran, dead, clipped] = found('diverged', 'dead-units', 'exploding-gradients').map((finding, index) => ({
      ...finding,
      repair: { label: '', changes: { [index < 2 ? 'head.learningRate' : 'head.clipNorm']: 1 / (index + 1) } }
    }))
    const repaired = consistent([ran!, dead!, clipped!]).filter(({ repair }) => repair)
    expect(repaired.map(({ title }) => title)).toEqual(['diverged', 'exploding-gradients'])
    const graver = consistent([ran!, { ...dead!, severity: 'severe' }])
    expect(graver.map(({ repair }) => repair !== undefined)).toEqual([false, true])
  })
  it('what agrees is told together', () => {
    const together = ['diverged', 'exploding-gradients', 'learning-rate-high', 'dead-units', 'device/input-bound']
    expect(told(...together)).toEqual(together)
  })
})

describe('a head with a learning rate of 3', () => {
  const clock = { ms: 0 }
  const heard: LiveFinding[][] = []
  const config = presetConfig('default', 'head')
  config.head = { ...config.head, method: 'gradient', learningRate: 3 }
  const monitor = new LiveMonitor({
    phase: 'head',
    config,
    classes: 5,
    tell: (findings) => heard.push(findings),
    now: () => clock.ms,
    machine: () => ({ majorFaults: 0, freeShare: 0.5 })
  })
  const train = (epochs: number, loss: number, trainAccuracy: number, updateRatio: number): void => {
    times(epochs, () => {
      times(20, () => {
        clock.ms += 300
        step++
        const blocks = [{ name: 'head', norm: 40 }]
        monitor.onStep({
          step,
          loss: loss + (step % 2),
          learningRate: 3,
          imagesPerSecond: 1000,
          images: 32,
          gradientNorm: 40,
          ...(step % 5 === 0 && { probe: { updateRatio, blocks } })
        })
      })
      number++
      monitor.onEpoch({ epoch: number, validationLoss: loss, trainLoss: loss, trainAccuracy })
    })
  }
  let [step, number] = [0, 0]
  monitor.onStart({ stepsPerEpoch: 20, epochs: 30 })
  const codes = (): string[] => heard.at(-1)!.map(({ code }) => code)

  it('runs away at a loss of 64 with 78 % right, and is not said to stay where guessing is', () => {
    train(1, 20, 0.5, 0.3)
    train(8, 64, 0.78, 0.3)
    expect(codes()).toContain('training/diverged')
    expect(heard.flat().map(({ code }) => code)).not.toContain('training/plateau')
  })
  it('is told again with its newest figures, but rarely', () => {
    const before = heard.length
    train(1, 80, 0.78, 0.3)
    monitor.look()
    expect(heard.at(-1)![0]!.evidence).toContain('80.')
    expect(heard.length - before).toBeLessThan(4)
  })
})
