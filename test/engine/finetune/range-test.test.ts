import { afterAll, beforeAll, expect, it } from 'vitest'
import { fineTuneRange } from '../../../main/engine/training/finetune/range-test'
import { RangeRecorder } from '../../../main/engine/training/range-test/range-recorder'
import { openStripes, type Stripes } from '../../fixtures/stripes'

let stripes: Stripes
beforeAll(async () => {
  stripes = await openStripes()
})
afterAll(() => stripes.close())

it('climbs until the loss runs away, and suggests a rate below that', async () => {
  const recorder = new RangeRecorder()
  const done: number[] = []
  const input = stripes.input({ fineTune: { unfreeze: 'all', optimizer: 'sgd', clipNorm: 0, dropout: 0 } })
  await fineTuneRange(input, recorder, (step) => done.push(step))
  const { points, suggested, stoppedAt } = recorder.result()
  expect(done).toEqual(Array.from({ length: done.length }, (_, index) => index + 1))
  expect(points.length).toBeGreaterThan(30)
  expect(stoppedAt).not.toBeNull()
  expect(suggested).toBeLessThan(stoppedAt!)
  expect(input.recorded.steps).toEqual([])
})

it('ends where it is told to', async () => {
  const stop = new AbortController()
  const recorder = new RangeRecorder()
  await fineTuneRange(stripes.input({ signal: stop.signal }), recorder, (step) => step === 5 && stop.abort())
  expect(recorder.result().points).toHaveLength(5)
})
