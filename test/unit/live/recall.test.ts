/** A phase that goes on from a checkpoint is judged by all of its course, not by what came since. */
import type { LiveFinding } from '@shared/domain/live-finding'
import { presetConfig } from '@shared/domain/presets'
import { expect, it } from 'vitest'
import { LiveMonitor } from '../../../main/engine/diagnosis/live/monitor'
import { recallCourse } from '../../../main/engine/diagnosis/live/recall'
import { Outbox } from '../../../main/engine/training/outbox'
import { PhaseRecorder, type RunBooks } from '../../../main/engine/training/phase-recorder'
import { times } from './recent'

const PLAN = { stepsPerEpoch: 20, epochs: 6 }
const CLASSES = ['a', 'b', 'c', 'd', 'e']

/** A process that works at the phase, from where the books stand. */
function takeUp(books: RunBooks, restored: ReturnType<PhaseRecorder['state']> | null) {
  const clock = { ms: 0 }
  let findings: LiveFinding[] = []
  const monitor = new LiveMonitor({
    phase: 'finetune',
    config: presetConfig('default', 'finetune'),
    classes: CLASSES.length,
    tell: (found) => (findings = found),
    now: () => clock.ms,
    machine: () => ({ majorFaults: 0, freeShare: 0.5 })
  })
  const recorder = new PhaseRecorder('finetune', books, true, restored, monitor)
  recorder.onStart(PLAN)
  let step = books.steps - recorder.firstStep
  return {
    recorder,
    findings: () => findings,
    epoch(loss: number): void {
      times(PLAN.stepsPerEpoch, () => {
        clock.ms += 300
        recorder.onStep({ step: ++step, loss, accuracy: 0.5, learningRate: 1e-3, imagesPerSecond: 100 })
      })
      recorder.onEpoch({
        epoch: step / PLAN.stepsPerEpoch,
        step,
        validationLoss: loss,
        validationAccuracy: 0.5,
        trainAccuracy: 0.9
      })
    }
  }
}

function openBooks(): RunBooks {
  const outbox = new Outbox(() => undefined)
  const validation: RunBooks['validation'] = []
  // A head that was trained before this phase.
  const began = { steps: 70, epochs: 7, best: null }
  return {
    outbox,
    startedAt: 0,
    points: [],
    classes: CLASSES,
    validation,
    secondsAfter: 0,
    ...began,
    onUnreadable: () => undefined
  }
}

it('a loss that climbs after the resume is held against the lowest before it', () => {
  const books = openBooks()
  const before = takeUp(books, null)
  before.epoch(0.9)
  before.epoch(0.11)
  expect(before.findings()).toEqual([])
  const after = takeUp(books, before.recorder.state())
  after.epoch(2.3)
  after.epoch(2.3)
  const [found] = after.findings()
  expect(found).toMatchObject({ code: 'training/diverged', title: 'The training runs away.' })
  expect(found!.evidence).toContain('its lowest so far 0.11')

  const forgetful = takeUp(openBooks(), null)
  forgetful.epoch(2.3)
  forgetful.epoch(2.3)
  expect(forgetful.findings().map(({ code }) => code)).not.toContain('training/diverged')
})

it('the course has the steps and epochs of the phase alone, counted over it', () => {
  const books = openBooks()
  books.points.push({ series: 'validation_loss', step: 70, epoch: 7, timeMs: 1, value: 9 })
  const { epoch, recorder } = takeUp(books, null)
  epoch(0.9)
  epoch(0.8)
  const { losses, epochs } = recallCourse(books.points, recorder)
  expect([losses[0], losses.at(-1), losses.length]).toEqual([{ step: 1, loss: 0.9 }, { step: 40, loss: 0.8 }, 40])
  expect(epochs.map(({ epoch, validationLoss, trainAccuracy }) => [epoch, validationLoss, trainAccuracy])).toEqual([
    [1, 0.9, 0.9],
    [2, 0.8, 0.9]
  ])
})
