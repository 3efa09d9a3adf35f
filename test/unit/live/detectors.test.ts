/** Each detector: silent on what is good, heard on what is bad, and not flickering on what lies between. */
import { describe, expect, it } from 'vitest'
import { liveFindingCodeSchema } from '@shared/domain/live-finding'
import { withSetting } from '@shared/domain/presets'
import { deadUnits } from '../../../main/engine/diagnosis/live/dead-units'
import { detectorsFor } from '../../../main/engine/diagnosis/live/detectors'
import { diverged } from '../../../main/engine/diagnosis/live/diverged'
import { explodingGradients } from '../../../main/engine/diagnosis/live/exploding-gradients'
import { inputBound } from '../../../main/engine/diagnosis/live/input-bound'
import { learningRateHigh } from '../../../main/engine/diagnosis/live/learning-rate-high'
import { learningRateLow } from '../../../main/engine/diagnosis/live/learning-rate-low'
import { overfitting } from '../../../main/engine/diagnosis/live/overfitting'
import { plateau } from '../../../main/engine/diagnosis/live/plateau'
import { swapping } from '../../../main/engine/diagnosis/live/swapping'
import { throttling } from '../../../main/engine/diagnosis/live/throttling'
import { vanishingGradients } from '../../../main/engine/diagnosis/live/vanishing-gradients'
import { epoch, probe, recent, second, times } from './recent'

const losses = (...values: number[]) => values.map((loss, index) => ({ step: 5 * (index + 1), loss }))

describe('a good training', () => {
  it.each(['head', 'finetune'] as const)('raises nothing in a %s, whether or not something stood', (phase) => {
    for (const detect of detectorsFor(false)) {
      expect(detect(recent({ phase }), false)).toBeNull()
      expect(detect(recent({ phase }), true)).toBeNull()
    }
  })

  it('raises nothing before there are figures', () => {
    const empty = { losses: [], lowest: Infinity, norms: [], probes: [], epochs: [], seconds: [] }
    for (const detect of detectorsFor(false)) expect(detect(recent(empty), false)).toBeNull()
  })
})

describe('diverged', () => {
  it('is heard when the loss climbs beyond guessing, and offers a tenth of the rate', () => {
    const finding = diverged(recent({ losses: losses(2.5, 1, 5.8, 6.2), lowest: 1 }), false)
    expect(finding).toMatchObject({ code: 'training/diverged', severity: 'severe' })
    expect(finding!.repair!.changes).toEqual({ 'fineTune.learningRate': 3e-5 })
  })
  it('does not say that a loss runs which is as low as it ever was', () => {
    expect(diverged(recent({ losses: losses(1, 40, 50), lowest: 1 }), false)!.title).toContain('runs away')
    const thrown = diverged(recent({ losses: losses(60, 40, 29), lowest: 29 }), false)!
    expect(thrown.title).toBe('Its loss is 10 times that of guessing.')
  })
  it('is not heard of one bad stretch', () => {
    expect(diverged(recent({ losses: losses(2.5, 1, 1, 6.2), lowest: 1 }), false)).toBeNull()
  })
  it('stays until the loss is near guessing again, though it would not be raised there', () => {
    const between = recent({ losses: losses(9, 8, 3.4, 3.3), lowest: 2.5 })
    expect(diverged(between, false)).toBeNull()
    expect(diverged(between, true)).not.toBeNull()
  })
})

describe('plateau', () => {
  const flat = (loss: number) => times(10, (index) => epoch(index + 1, loss, loss))
  it('is heard where the loss stands high; the advice depends on how high', () => {
    expect(plateau(recent({ epochs: flat(2.88) }), false)!.title).toContain('does not learn')
    expect(plateau(recent({ epochs: flat(2) }), false)!.repair!.changes).toEqual({ 'fineTune.unfreeze': 8 })
    expect(plateau(recent({ phase: 'head', epochs: flat(2) }), false)!.repair!.changes).toEqual({ mode: 'finetune' })
  })
  it('says that the loss stays where guessing is only where it does', () => {
    const title = (loss: number, accuracy: number | null = null): string =>
      plateau(recent({ epochs: times(10, (index) => epoch(index + 1, loss, loss, null, accuracy)) }), false)!.title
    expect(title(2.88)).toContain('where guessing is')
    expect(title(2.88, 0.06)).toContain('where guessing is')
    expect(title(4.5)).toContain('above what guessing gives')
    expect(title(64, 0.78)).toContain('what it gets wrong, it is sure of')
    expect(title(2.88, 0.78)).toContain('what it gets wrong, it is sure of')
    expect(title(2, 0.4)).toContain('does not fall any more')
  })
  it('is not heard where little is left, where the rate has cooled, or where pictures are mixed', () => {
    expect(plateau(recent({ epochs: flat(0.5) }), false)).toBeNull()
    expect(plateau(recent({ epochs: flat(2), probes: [probe(1, { rateShare: 0.01 })] }), false)).toBeNull()
    const config = withSetting(recent().config, 'fineTune.mixup', '0.4')
    expect(plateau(recent({ epochs: flat(2), config }), false)).toBeNull()
  })
  it('stays while the loss falls by a per cent', () => {
    const slow = times(10, (index) => epoch(index + 1, 2.5, 2.5 * 0.996 ** index))
    expect(plateau(recent({ epochs: slow }), false)).toBeNull()
    expect(plateau(recent({ epochs: slow }), true)).not.toBeNull()
  })
})

describe('overfitting', () => {
  const rising = (last: number) =>
    [1.2, 1, 1.02, 1.05, last, last].map((loss, index) => epoch(index + 1, loss, 1 - index * 0.1))
  it('is heard when validation rises while training falls; graver when the last epoch is kept', () => {
    expect(overfitting(recent({ epochs: rising(1.2) }), false)).toMatchObject({ severity: 'info' })
    const config = withSetting(recent().config, 'earlyStopping.restoreBest', 'false')
    const grave = overfitting(recent({ epochs: rising(1.5), config }), false)!
    expect(grave.severity).toBe('severe')
    expect(grave.repair!.changes).toEqual({ 'earlyStopping.enabled': true, 'earlyStopping.restoreBest': true })
  })
  it('is not heard when training rises as well, and stays on a small rise', () => {
    const both = rising(1.2).map((one) => ({ ...one, trainLoss: 1 + one.epoch / 10 }))
    expect(overfitting(recent({ epochs: both }), false)).toBeNull()
    expect(overfitting(recent({ epochs: rising(1.06) }), false)).toBeNull()
    expect(overfitting(recent({ epochs: rising(1.06) }), true)).not.toBeNull()
  })
})

describe('dead units', () => {
  const dead = (count: number, worst = count) => ({
    units: 100,
    dead: count,
    worst: { layer: 'conv', units: 100, dead: worst }
  })
  const after = (first: number, last: number) => [epoch(1, 1, 1, dead(first)), epoch(2, 1, 1, dead(last))]
  it('counts only those that died in this training', () => {
    expect(deadUnits(recent({ epochs: after(30, 35) }), false)).toBeNull()
    expect(deadUnits(recent({ epochs: after(10, 40) }), false)).toMatchObject({ code: 'training/dead-units' })
  })
  it('takes a head to have been alive, and stays while many are dead', () => {
    expect(deadUnits(recent({ phase: 'head', epochs: [epoch(1, 1, 1, dead(60))] }), false)!.severity).toBe('severe')
    expect(deadUnits(recent({ epochs: after(10, 20) }), false)).toBeNull()
    expect(deadUnits(recent({ epochs: after(10, 20) }), true)).not.toBeNull()
  })
})

describe('gradients', () => {
  const spiked = (count: number, norm: number) => [
    ...times(100, () => 1),
    ...times(20, (index) => (index < count ? norm : 1))
  ]
  it('explode when several steps are far out; clipped ones get a lower rate', () => {
    const config = withSetting(recent().config, 'fineTune.clipNorm', '0')
    expect(explodingGradients(recent({ norms: spiked(4, 400), config }), false)!.repair!.changes).toEqual({
      'fineTune.clipNorm': 1
    })
    expect(explodingGradients(recent({ norms: spiked(4, 400) }), false)!.repair!.changes).toEqual({
      'fineTune.learningRate': 1e-4
    })
    expect(explodingGradients(recent({ norms: spiked(1, 400) }), false)).toBeNull()
    expect(explodingGradients(recent({ norms: spiked(1, 400) }), true)).not.toBeNull()
  })
  it('do not explode where a network that has learned meets a hard batch', () => {
    expect(explodingGradients(recent({ norms: spiked(5, 3).map((norm) => norm / 1000) }), false)).toBeNull()
  })
  const faint = (first: number, last: number, loss = 2.5) =>
    times(4, (index) =>
      probe(index, {
        loss,
        blocks: [
          { name: 'b1', norm: first },
          { name: 'head', norm: last }
        ]
      })
    )
  it('vanish on their way back, or everywhere, while there is much to learn', () => {
    expect(vanishingGradients(recent({ probes: faint(1e-7, 0.1) }), false)!.title).toContain("'b1'")
    expect(vanishingGradients(recent({ probes: faint(1e-9, 1e-8) }), false)!.title).toContain('nothing moves')
    expect(vanishingGradients(recent({ probes: faint(1e-9, 1e-8, 0.2) }), false)).toBeNull()
    expect(vanishingGradients(recent({ probes: faint(5e-5, 0.1) }), false)).toBeNull()
    expect(vanishingGradients(recent({ probes: faint(5e-5, 0.1) }), true)).not.toBeNull()
  })
})

describe('learning rate', () => {
  const ratio = (updateRatio: number) => times(5, (index) => probe(index, { updateRatio }))
  it('is too high where a step moves far too much', () => {
    const high = learningRateHigh(recent({ probes: ratio(0.1), losses: losses(2, 1.5, 1.6) }), false)!
    expect(high.repair!.changes).toEqual({ 'fineTune.learningRate': 1.2e-5 })
    expect(learningRateHigh(recent({ probes: ratio(0.02), losses: losses(2, 1.5, 1.6) }), false)).toBeNull()
    expect(learningRateHigh(recent({ probes: ratio(0.02), losses: losses(2, 1.5, 1.6) }), true)).not.toBeNull()
  })
  it('is not too high for a head that learns', () => {
    expect(learningRateHigh(recent({ phase: 'head', probes: ratio(0.5) }), false)).toBeNull()
  })
  const creeping = (pace: number) => times(6, (index) => epoch(index + 1, 2.8, 2.88 - pace * index))
  it('is too low where the pace comes to nothing', () => {
    const low = learningRateLow(recent({ epochs: creeping(0.01) }), false)!
    expect(low.repair!.changes).toEqual({ 'fineTune.learningRate': 3e-3 })
    expect(learningRateLow(recent({ epochs: creeping(0.2) }), false)).toBeNull()
    expect(learningRateLow(recent({ epochs: creeping(0) }), false)).toBeNull()
    expect(learningRateLow(recent({ epochs: creeping(0.05) }), false)).toBeNull()
    expect(learningRateLow(recent({ epochs: creeping(0.05) }), true)).not.toBeNull()
  })
})

describe('the machine', () => {
  it('starves the steps when they wait longer than they compute, past the first epoch', () => {
    const waits = (waitShare: number, epochsDone = 1) => times(10, (index) => second(index, { waitShare, epochsDone }))
    expect(inputBound(recent({ seconds: waits(0.7) }), false)).toMatchObject({ severity: 'info' })
    expect(inputBound(recent({ seconds: waits(0.9) }), false)).toMatchObject({ severity: 'warning' })
    expect(inputBound(recent({ seconds: waits(0.9, 0) }), false)).toBeNull()
    expect(inputBound(recent({ seconds: waits(0.4) }), false)).toBeNull()
    expect(inputBound(recent({ seconds: waits(0.4) }), true)).not.toBeNull()
  })
  it('slows down against its own beginning', () => {
    const then = (speed: number) => times(60, (index) => second(index, { imagesPerSecond: index < 30 ? 100 : speed }))
    expect(throttling(recent({ seconds: then(50) }), false)).toMatchObject({ code: 'device/throttling' })
    expect(throttling(recent({ seconds: then(70) }), false)).toBeNull()
    expect(throttling(recent({ seconds: then(70) }), true)).not.toBeNull()
  })
  it('swaps when pages come back from the disk and no memory is free', () => {
    const full = (majorFaults: number, freeShare: number) =>
      times(10, (index) => second(index, { majorFaults, freeShare }))
    const finding = swapping(recent({ seconds: full(900, 0.02) }), false)!
    expect(finding.repair!.changes).toEqual({ 'fineTune.batchSize': 16 })
    expect(swapping(recent({ seconds: full(900, 0.5) }), false)).toBeNull()
    expect(swapping(recent({ seconds: full(100, 0.15) }), false)).toBeNull()
    expect(swapping(recent({ seconds: full(100, 0.15) }), true)).not.toBeNull()
  })
})

it('every detector has a code that stands for a live finding', () => {
  expect(liveFindingCodeSchema.options).toHaveLength(detectorsFor(false).length + 1)
})
