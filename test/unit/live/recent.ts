/** What a training did lately, for tests: a good one, with whatever a test changes. */
import { presetConfig } from '@shared/domain/presets'
import type { EpochFigure, ProbeFigure, Recent, SecondFigure } from '../../../main/engine/diagnosis/live/recent'

export const epoch = (
  number: number,
  validationLoss: number,
  trainLoss: number | null = validationLoss,
  dead: EpochFigure['dead'] = null,
  trainAccuracy: number | null = null
): EpochFigure => ({ epoch: number, validationLoss, trainLoss, trainAccuracy, dead })

export const probe = (step: number, changes: Partial<ProbeFigure> = {}): ProbeFigure => ({
  step,
  loss: 1,
  rateShare: 1,
  updateRatio: 0.004,
  blocks: [
    { name: 'block_15', norm: 0.2 },
    { name: 'head', norm: 0.5 }
  ],
  ...changes
})

export const second = (at: number, changes: Partial<SecondFigure> = {}): SecondFigure => ({
  atMs: at * 1000,
  imagesPerSecond: 100,
  waitShare: 0.1,
  epochsDone: 1,
  majorFaults: 0,
  freeShare: 0.5,
  ...changes
})

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** Of 18 classes, after ten epochs in which all went well. */
export function recent(changes: Partial<Recent> = {}): Recent {
  const losses = times(40, (index) => ({ step: 5 * (index + 1), loss: 0.4 + 2.4 * Math.exp(-index / 8) }))
  return {
    phase: 'finetune',
    config: presetConfig('default', changes.phase ?? 'finetune'),
    classes: 18,
    floor: 0.2,
    epochsPlanned: 20,
    stepsPlanned: 400,
    losses,
    lowest: losses.at(-1)!.loss,
    norms: times(200, (index) => 1 + 0.5 * Math.sin(index)),
    probes: times(20, (index) => probe(10 * index)),
    epochs: times(10, (index) => epoch(index + 1, 0.5 + Math.exp(-index / 3), 0.4 + Math.exp(-index / 3))),
    seconds: times(60, (index) => second(index)),
    ...changes
  }
}
