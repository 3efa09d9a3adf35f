/** Turns what a phase reports (steps, epochs) into the run's series, progress, best epoch and live mistakes. */
import type { LiveMistake, MetricPoint, Run, RunProgress, SeriesName } from '@shared/domain/run'
import { argMax } from '@shared/statistics/classification'
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { LiveMonitor } from '../diagnosis/live/monitor'
import { recallCourse } from '../diagnosis/live/recall'
import type { EpochReport, PhaseReporter, StepReport } from './finetune-contract'
import type { Outbox } from './outbox'
import type { RecorderState } from './resume/run-state'

/** Steps whose points are kept one by one; of more, neighbours are averaged. */
const MAX_STEP_POINTS = 5000
/** Between two points of speed and memory: at least this, and this share of the time so far, so that a long run has no more of them. */
const SAMPLE_MS = 500
const SAMPLE_SHARE = 1 / 2000
const LIVE_MISTAKES = 6
/** Weight of the newest step in the speed shown. */
const SPEED_SHARE = 0.1

/** What the phases of a run have in common. */
export interface RunBooks {
  outbox: Outbox
  /** performance.now() at the start of the run, moved on by what it rested. */
  startedAt: number
  /** All that was told so far: a checkpoint takes them along. */
  points: MetricPoint[]
  classes: readonly string[]
  /** Validation images, in the order in which the phases are given them. */
  validation: readonly LabelledImage[]
  /** Seconds that what comes after the last phase will take, or null while unknown. */
  secondsAfter: number | null
  /** Over both phases so far. */
  steps: number
  epochs: number
  best: Run['best']
  onUnreadable: (image: LabelledImage, error: unknown) => void
}

export class PhaseRecorder implements PhaseReporter {
  /** Of the run: what came before the phase. */
  readonly firstStep: number
  readonly firstEpoch: number
  /** Steps of the phase that were done before this process began. */
  private readonly before: number
  private plan = { stepsPerEpoch: 1, epochs: 1 }
  private group = { size: 1, loss: 0, count: 0 }
  private startedAt = 0
  private muted = false
  private sampledAt = -Infinity
  private speed: number | null = null
  private waitShare: number | null = null

  /**
   * @param books kept up to date: a recorder for the next phase goes on from where this one ended.
   * @param isLast whether the run ends with this phase: only then is its remaining time the run's.
   * @param monitor sees every step and epoch that is told.
   * @param restored where a recorder of this phase stood when the books were as they are now.
   */
  constructor(
    private readonly phase: Extract<RunProgress['phase'], 'head' | 'finetune'>,
    private readonly books: RunBooks,
    private readonly isLast: boolean,
    restored: RecorderState | null = null,
    private readonly monitor: LiveMonitor | null = null
  ) {
    this.firstStep = restored?.firstStep ?? books.steps
    this.firstEpoch = restored?.firstEpoch ?? books.epochs
    this.before = books.steps - this.firstStep
    Object.assign(this.group, restored?.group)
    this.speed = restored?.speed ?? null
  }

  /** What another recorder needs to go on from here. */
  state(): RecorderState {
    const { firstStep, firstEpoch, speed, group } = this
    return { firstStep, firstEpoch, speed, group: { loss: group.loss, count: group.count } }
  }

  /** The epoch of the phase that its last step belongs to, and how many there are to be. */
  place(): { epoch: number; epochs: number } {
    const { stepsPerEpoch, epochs } = this.plan
    return { epoch: Math.ceil((this.books.steps - this.firstStep) / stepsPerEpoch), epochs }
  }

  /** From now on nothing is told: the run goes on from a checkpoint that does not know of it. */
  mute(): void {
    this.muted = true
  }

  onStart(plan: { stepsPerEpoch: number; epochs: number }): void {
    this.plan = plan
    this.group.size = Math.max(1, Math.ceil((plan.stepsPerEpoch * plan.epochs) / MAX_STEP_POINTS))
    this.startedAt = performance.now()
    this.monitor?.onStart(plan)
    if (this.before > 0) this.monitor?.recall(recallCourse(this.books.points, this))
    this.progress(this.before)
  }

  onStep(report: StepReport): void {
    const { step, loss, learningRate, imagesPerSecond, figures } = report
    if (this.muted) return
    this.books.steps = this.firstStep + step
    this.speed = this.speed === null ? imagesPerSecond : this.speed + SPEED_SHARE * (imagesPerSecond - this.speed)
    this.group.loss += loss
    this.group.count++
    const points: MetricPoint[] = []
    if (this.group.count === this.group.size || step % this.plan.stepsPerEpoch === 0) {
      points.push(this.point('train_loss', step, this.group.loss / this.group.count))
      points.push(this.point('learning_rate', step, learningRate))
      this.group.loss = 0
      this.group.count = 0
    }
    if (figures?.probe) {
      if (figures.gradientNorm !== undefined) points.push(this.point('gradient_norm', step, figures.gradientNorm))
      points.push(this.point('update_ratio', step, figures.probe.updateRatio))
    }
    if (figures?.waitShare !== undefined) {
      const { waitShare } = figures
      this.waitShare = this.waitShare === null ? waitShare : this.waitShare + SPEED_SHARE * (waitShare - this.waitShare)
    }
    const now = performance.now()
    if (now - this.sampledAt >= Math.max(SAMPLE_MS, (now - this.books.startedAt) * SAMPLE_SHARE)) {
      this.sampledAt = now
      points.push(this.point('images_per_second', step, this.speed))
      points.push(this.point('rss_bytes', step, process.memoryUsage.rss()))
      if (this.waitShare !== null) points.push(this.point('wait_share', step, this.waitShare))
    }
    if (points.length > 0) this.tell(points)
    this.progress(step)
    this.monitor?.onStep({ ...report, ...figures, images: figures?.images ?? 0 })
  }

  onEpoch(report: EpochReport): void {
    if (this.muted) return
    const { epoch, step, validationLoss, validationAccuracy, trainAccuracy, validationProbabilities } = report
    const points = [
      this.point('validation_loss', step, validationLoss),
      this.point('validation_accuracy', step, validationAccuracy)
    ]
    if (trainAccuracy !== undefined) points.push(this.point('train_accuracy', step, trainAccuracy))
    this.tell(points)
    this.monitor?.onEpoch(report)
    const { books } = this
    books.epochs = this.firstEpoch + epoch
    if (!books.best || validationLoss < books.best.validationLoss) {
      books.best = { epoch: books.epochs, validationLoss, validationAccuracy }
    }
    books.outbox.setEpoch(books.epochs, books.best)
    if (validationProbabilities) {
      books.outbox.setMistakes(liveMistakes(validationProbabilities, books.validation, books.classes))
    }
  }

  onUnreadable(image: LabelledImage, error: unknown): void {
    this.books.onUnreadable(image, error)
  }

  private tell(points: readonly MetricPoint[]): void {
    this.books.points.push(...points)
    this.books.outbox.addPoints(points)
  }

  private point(series: SeriesName, step: number, value: number): MetricPoint {
    return {
      series,
      step: this.firstStep + step,
      epoch: this.firstEpoch + step / this.plan.stepsPerEpoch,
      timeMs: performance.now() - this.books.startedAt,
      value: Number.isFinite(value) ? value : null
    }
  }

  private progress(done: number): void {
    const total = this.plan.stepsPerEpoch * this.plan.epochs
    const { secondsAfter } = this.books
    const elapsed = (performance.now() - this.startedAt) / 1000
    const doneHere = done - this.before
    const etaSeconds =
      this.isLast && secondsAfter !== null && doneHere > 0 ? (elapsed / doneHere) * (total - done) + secondsAfter : null
    this.books.outbox.setProgress({ phase: this.phase, done, total, etaSeconds, imagesPerSecond: this.speed })
  }
}

/** The wrong guesses that the model is surest of. */
function liveMistakes(
  probabilities: Float32Array,
  images: readonly LabelledImage[],
  classes: readonly string[]
): LiveMistake[] {
  const width = classes.length
  // Unreadable images were left out: which row is whose is not known then.
  if (probabilities.length !== images.length * width) return []
  const wrong: { row: number; guess: number; confidence: number }[] = []
  images.forEach(({ classIndex }, row) => {
    const guess = argMax(probabilities, row * width, width)
    if (guess !== classIndex) wrong.push({ row, guess, confidence: probabilities[row * width + guess]! })
  })
  return wrong
    .sort((a, b) => b.confidence - a.confidence || a.row - b.row)
    .slice(0, LIVE_MISTAKES)
    .map(({ row, guess, confidence }) => ({
      imageId: images[row]!.id,
      truth: classes[images[row]!.classIndex]!,
      predicted: classes[guess]!,
      confidence
    }))
}
