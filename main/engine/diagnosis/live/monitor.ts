/** Gathers a phase's figures and asks the detectors now and then; tells when what stands has changed. */
import type { LiveFinding } from '@shared/domain/live-finding'
import type { TrainingConfig } from '@shared/domain/training-config'
import { consistent } from './contradictions'
import { detectorsFor } from './detectors'
import type { Detector } from './detector'
import { readMachine, type MachineReading } from './machine'
import type { PhaseCourse } from './recall'
import {
  lossFloor,
  type DeadUnits,
  type EpochFigure,
  type LossFigure,
  type ProbeFigure,
  type Recent,
  type SecondFigure
} from './recent'

/** What a step says of itself. */
export interface WatchedStep {
  step: number
  loss: number
  learningRate: number
  imagesPerSecond: number
  images: number
  gradientNorm?: number
  /** Of the step's time, waiting for pictures. */
  waitShare?: number
  probe?: Pick<ProbeFigure, 'updateRatio' | 'blocks'>
}

export interface WatchedEpoch {
  epoch: number
  validationLoss: number
  trainLoss?: number
  trainAccuracy?: number
  deadUnits?: DeadUnits
}

export interface MonitorInput {
  phase: Recent['phase']
  config: TrainingConfig
  classes: number
  /** All that stands now, the gravest first. */
  tell: (findings: LiveFinding[]) => void
  /** Milliseconds; replaced in tests. */
  now?: () => number
  machine?: () => MachineReading
}

const SECOND_MS = 1000
/** Detectors are asked at most this often: they must cost nothing beside the steps. */
const LOOK_MS = 250
/** What stands is told again with its newest figures, but so rarely that it can be read, or heard, in between. */
const AGAIN_MS = 15_000
const MOST_LOSSES = 400
const MOST_NORMS = 400
const MOST_PROBES = 50
const MOST_EPOCHS = 500
const MOST_SECONDS = 900
/** Steps in one mean of the loss, at least; otherwise a quarter of an epoch. */
const FEWEST_STEPS = 5

export class LiveMonitor {
  private readonly now: () => number
  private readonly machine: () => MachineReading
  private readonly detectors: readonly Detector[]
  private readonly losses: LossFigure[] = []
  private readonly norms: number[] = []
  private readonly probes: ProbeFigure[] = []
  private readonly epochs: EpochFigure[] = []
  private readonly seconds: SecondFigure[] = []
  private lowest = Infinity
  private plan = { stepsPerEpoch: 1, epochs: 1 }
  private group = { loss: 0, count: 0 }
  private second = { images: 0, ms: 0, waitMs: 0, waits: false }
  private read: MachineReading
  private startedAt: number
  private readAt: number
  private lookedAt: number
  private toldAt = -Infinity
  private standing: LiveFinding[] = []
  /** Detectors that found something the time before. */
  private raised: ReadonlySet<Detector> = new Set()

  constructor(private readonly input: MonitorInput) {
    this.now = input.now ?? (() => performance.now())
    this.machine = input.machine ?? readMachine
    this.detectors = detectorsFor(input.phase === 'head' && input.config.head.method === 'lbfgs')
    this.startedAt = this.readAt = this.lookedAt = this.now()
    this.read = this.machine()
  }

  onStart(plan: { stepsPerEpoch: number; epochs: number }): void {
    this.plan = plan
    this.startedAt = this.readAt = this.now()
    this.read = this.machine()
  }

  /** After `onStart`: the course of the phase before this process took it up. */
  recall({ losses, epochs }: PhaseCourse): void {
    for (const figure of losses) this.addLoss(figure)
    for (const figure of epochs) this.addEpoch(figure)
  }

  onStep(step: WatchedStep): void {
    this.addLoss(step)
    if (step.gradientNorm !== undefined) keep(this.norms, step.gradientNorm, MOST_NORMS)
    if (step.probe) {
      const peak = this.input.config[this.input.phase === 'head' ? 'head' : 'fineTune'].learningRate
      const rateShare = step.learningRate / peak
      keep(this.probes, { step: step.step, loss: step.loss, rateShare, ...step.probe }, MOST_PROBES)
    }
    const ms = (step.images * 1000) / Math.max(step.imagesPerSecond, 1e-9)
    this.second.images += step.images
    this.second.ms += ms
    if (step.waitShare !== undefined) {
      this.second.waitMs += step.waitShare * ms
      this.second.waits = true
    }
    const now = this.now()
    if (now - this.readAt >= SECOND_MS) this.closeSecond(now)
    if (now - this.lookedAt >= LOOK_MS) this.look(now - this.toldAt >= AGAIN_MS)
  }

  onEpoch({ epoch, validationLoss, trainLoss, trainAccuracy, deadUnits }: WatchedEpoch): void {
    if (epoch < 1) return
    const figure: EpochFigure = {
      epoch,
      validationLoss,
      trainLoss: trainLoss ?? null,
      trainAccuracy: trainAccuracy ?? null,
      dead: deadUnits ?? null
    }
    this.addEpoch(figure)
    const now = this.now()
    if (now - this.lookedAt >= LOOK_MS) this.look(now - this.toldAt >= AGAIN_MS)
  }

  /**
   * Asks every detector now; at a phase's end it is the last word.
   *
   * @param figures whether new figures alone are worth telling
   */
  look(figures = true): void {
    this.lookedAt = this.now()
    const recent = this.recent()
    const seen: { detect: Detector; finding: LiveFinding }[] = []
    for (const detect of this.detectors) {
      const finding = detect(recent, this.raised.has(detect))
      if (finding) seen.push({ detect, finding })
    }
    const found = consistent(seen.map(({ finding }) => finding))
    const said = new Set(found.map(({ code }) => code))
    // What was left unsaid has not been raised: it needs the harder threshold when its time comes.
    this.raised = new Set(seen.filter(({ finding }) => said.has(finding.code)).map(({ detect }) => detect))
    const form = figures ? wording : signature
    if (form(found) === form(this.standing)) return
    this.standing = found
    this.toldAt = this.lookedAt
    this.input.tell(found)
  }

  private recent(): Recent {
    const { phase, config, classes } = this.input
    const { labelSmoothing } = config[phase === 'head' ? 'head' : 'fineTune']
    return {
      phase,
      config,
      classes,
      floor: lossFloor(labelSmoothing, classes),
      epochsPlanned: this.plan.epochs,
      stepsPlanned: this.plan.epochs * this.plan.stepsPerEpoch,
      losses: this.losses,
      lowest: this.lowest,
      norms: this.norms,
      probes: this.probes,
      epochs: this.epochs,
      seconds: this.seconds
    }
  }

  private addLoss({ step, loss }: LossFigure): void {
    this.group.loss += loss
    this.group.count++
    if (this.group.count >= Math.max(FEWEST_STEPS, Math.ceil(this.plan.stepsPerEpoch / 4))) this.closeGroup(step)
  }

  private addEpoch(figure: EpochFigure): void {
    // The first stays: what was dead from the start is known by it.
    if (this.epochs.length >= MOST_EPOCHS) this.epochs.splice(1, 1)
    this.epochs.push(figure)
  }

  private closeGroup(step: number): void {
    const loss = this.group.loss / this.group.count
    this.group = { loss: 0, count: 0 }
    this.lowest = Math.min(this.lowest, loss)
    keep(this.losses, { step, loss }, MOST_LOSSES)
  }

  private closeSecond(now: number): void {
    const { images, ms, waitMs, waits } = this.second
    const reading = this.machine()
    const faults = reading.majorFaults - this.read.majorFaults
    const figure: SecondFigure = {
      atMs: now - this.startedAt,
      imagesPerSecond: (images * 1000) / Math.max(ms, 1e-9),
      waitShare: waits ? waitMs / Math.max(ms, 1e-9) : null,
      epochsDone: this.epochs.at(-1)?.epoch ?? 0,
      majorFaults: (faults * 1000) / (now - this.readAt),
      freeShare: reading.freeShare
    }
    keep(this.seconds, figure, MOST_SECONDS)
    this.second = { images: 0, ms: 0, waitMs: 0, waits: false }
    this.read = reading
    this.readAt = now
  }
}

function keep<T>(list: T[], value: T, most: number): void {
  list.push(value)
  // Rarely, so that what is thrown away costs nothing.
  if (list.length >= 2 * most) list.splice(0, list.length - most)
}

const wording = (findings: readonly LiveFinding[]): string =>
  findings.map(({ code, title, evidence }) => `${code} ${title} ${evidence}`).join('\n')

const signature = (findings: readonly LiveFinding[]): string =>
  findings.map(({ code, severity }) => `${code} ${severity}`).join('\n')
