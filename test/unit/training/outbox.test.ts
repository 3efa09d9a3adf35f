import { describe, expect, it } from 'vitest'
import type { MetricPoint } from '@shared/domain/run'
import type { TrainMessage } from '@shared/worker-protocol/train'
import { Outbox } from '../../../main/engine/training/outbox'

/** Time that passes only when it is told to. */
function fakeClock() {
  let time = 0
  let timers: { at: number; callback: () => void }[] = []
  return {
    now: () => time,
    after: (ms: number, callback: () => void) => {
      const timer = { at: time + ms, callback }
      timers.push(timer)
      return () => (timers = timers.filter((other) => other !== timer))
    },
    advance(ms: number) {
      const until = time + ms
      for (;;) {
        const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
        if (!due) break
        time = due.at
        timers = timers.filter((timer) => timer !== due)
        due.callback()
      }
      time = until
    }
  }
}

const point = (step: number): MetricPoint => ({ series: 'train_loss', step, epoch: 0, timeMs: 0, value: 1 })
const progress = (phase: 'head' | 'evaluate', done: number) =>
  ({ phase, done, total: 10, etaSeconds: null, imagesPerSecond: null }) as const

describe('Outbox', () => {
  const start = () => {
    const clock = fakeClock()
    const sent: { at: number; message: TrainMessage }[] = []
    const outbox = new Outbox((message) => sent.push({ at: clock.now(), message }), clock)
    const of = (type: TrainMessage['type']) => sent.filter(({ message }) => message.type === type)
    return { clock, sent, outbox, of }
  }

  it('sends the first point at once, then at most ten messages a second, and loses no point', () => {
    const { clock, outbox, of } = start()
    for (let step = 1; step <= 2000; step++) {
      outbox.addPoints([point(step)])
      clock.advance(1)
    }
    outbox.flush()
    const messages = of('points')
    expect(messages[0]!.at).toBe(0)
    expect(messages.length).toBeLessThanOrEqual(21)
    const steps = messages.flatMap(({ message }) =>
      message.type === 'points' ? message.points.map(({ step }) => step) : []
    )
    expect(steps).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1))
  })

  it('sends what waits although nothing follows', () => {
    const { clock, outbox, of } = start()
    outbox.addPoints([point(1)])
    outbox.addPoints([point(2)])
    expect(of('points')).toHaveLength(1)
    clock.advance(100)
    expect(of('points')).toHaveLength(2)
  })

  it('keeps only the newest progress, epoch and mistakes', () => {
    const { clock, outbox, of } = start()
    for (let done = 0; done < 100; done++) {
      outbox.setProgress(progress('head', done))
      outbox.setEpoch(done, null)
      outbox.setMistakes([{ imageId: done, truth: 'a', predicted: 'b', confidence: 1 }])
      clock.advance(10)
    }
    outbox.flush()
    expect(of('progress').length).toBeLessThanOrEqual(12)
    expect(of('progress').at(-1)!.message).toMatchObject({ progress: { done: 99 } })
    expect(of('epoch').at(-1)!.message).toMatchObject({ epochsDone: 99 })
    expect(of('mistakes').length).toBeLessThanOrEqual(3)
  })

  it('sends points of a phase before the news of the next, and everything before a message of its own', () => {
    const { outbox, sent } = start()
    outbox.setProgress(progress('head', 0))
    outbox.addPoints([point(1)])
    outbox.setProgress(progress('evaluate', 0))
    outbox.addPoints([point(2)])
    outbox.send({ type: 'finding', finding: { code: 'run/x', severity: 'info', title: 'x' } })
    expect(sent.map(({ message }) => message.type)).toEqual(['progress', 'points', 'progress', 'points', 'finding'])
  })
})
