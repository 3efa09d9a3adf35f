/** The checkpoints of a run as its phases see them: what to go on from, when to save, and whether it was paused. */
import type { Finding } from '@shared/domain/finding'
import type { MetricPoint, RunCheckpoint } from '@shared/domain/run'
import type { SafeTensor } from '@shared/formats/safetensors'
import type { TrainJob } from '@shared/worker-protocol/train'
import { checkpointTensors, weightsOf, type TrainedWeights } from '../checkpoint'
import type { BestEpoch } from '../finetune-contract'
import type { LoopState, Resumable, StateTensor } from '../loop-state'
import type { Outbox } from '../outbox'
import type { PhaseRecorder } from '../phase-recorder'
import type { Checkpoint } from './checkpoint-file'
import { CheckpointFolder } from './checkpoint-folder'
import { CheckpointKeeper } from './checkpoint-keeper'
import { decodePoints, encodePoints } from './points'
import { assertSame, type RunIdentity, type RunState } from './run-state'

const LOOP_PREFIX = 'loop/'
const POINTS = 'points'

/** What the phase before handed on: its weights, and the validation they had. */
export interface Handed {
  weights: TrainedWeights
  kept: BestEpoch
}

/** What the run knows of itself at the moment of a checkpoint. */
export type RunFacts = Pick<RunState, 'elapsedMs' | 'trainMs' | 'featureSeconds' | 'books' | 'unreadable'> & {
  points: readonly MetricPoint[]
}

interface Restored {
  state: RunState
  points: MetricPoint[]
  loop: LoopState | null
  handed: Handed | null
}

export interface CheckpointsInput {
  job: TrainJob
  identity: RunIdentity
  outbox: Outbox
  facts: () => RunFacts
  /** A pause is on the disk: the loop is to end. */
  onPaused: () => void
}

export class RunCheckpoints {
  private readonly keeper: CheckpointKeeper
  private toldUnwritten = false
  private recorder: PhaseRecorder | null = null

  private constructor(
    private readonly input: CheckpointsInput,
    private readonly folder: CheckpointFolder,
    /** Null: the run begins at its beginning. */
    readonly restored: Restored | null
  ) {
    this.keeper = new CheckpointKeeper(folder, input.job.checkpoints.everySeconds * 1000, {
      onWritten: (checkpoint) => input.outbox.send({ type: 'checkpoint', checkpoint }),
      onFailed: (error) => this.failed(error),
      onPaused: () => {
        this.recorder?.mute()
        input.onPaused()
      }
    })
  }

  /** @throws StudioError run/dataset-changed, run/backbone-changed, run/not-resumable when the checkpoint is of something else */
  static async open(input: CheckpointsInput): Promise<RunCheckpoints> {
    const { job, identity, outbox } = input
    const folder = new CheckpointFolder(job.checkpoints.directory)
    if (!job.checkpoints.resume) {
      await folder.clear()
      return new RunCheckpoints(input, folder, null)
    }
    const { checkpoint, damaged } = await folder.newest()
    if (checkpoint) assertSame(checkpoint.state.identity, identity)
    if (damaged.length > 0)
      outbox.send({ type: 'finding', finding: damagedFinding(damaged, checkpoint?.state ?? null) })
    const restored = checkpoint && restore(checkpoint)
    const { epochs: epochsDone, best } = checkpoint?.state.books ?? { epochs: 0, best: null }
    const points = [...(restored?.points ?? [])]
    outbox.send({ type: 'resumed', checkpoint: checkpoint?.state.mark ?? null, epochsDone, best, points })
    return new RunCheckpoints(input, folder, restored)
  }

  pause(): void {
    this.keeper.pause()
  }

  get pausing(): boolean {
    return this.keeper.pausing
  }

  /** The checkpoint that the run was paused with. */
  get paused(): RunCheckpoint | null {
    return this.keeper.paused
  }

  /**
   * What a loop takes to be resumable.
   *
   * @param handed by the phase before
   */
  loop(phase: 'head' | 'finetune', recorder: PhaseRecorder, handed: Handed | null): Resumable {
    this.recorder = recorder
    const { restored } = this
    const resume = restored?.state.phase === phase ? restored.loop : null
    return {
      ...(resume && { resume }),
      onCheckpoint: (capture) => this.keeper.offer(() => this.checkpoint({ phase, recorder, handed, loop: capture() }))
    }
  }

  /** Saves what a phase begins with. @returns false when the disk does not take it */
  beginPhase(phase: RunState['phase'], handed: Handed, kind: 'phase' | 'pause' = 'phase'): Promise<boolean> {
    return this.keeper.writeNow(this.checkpoint({ phase, recorder: null, handed, loop: null }), kind)
  }

  /** Resolves when nothing is being written any more. */
  settled(): Promise<void> {
    return this.keeper.settled()
  }

  private checkpoint(parts: {
    phase: RunState['phase']
    recorder: PhaseRecorder | null
    handed: Handed | null
    loop: LoopState | null
  }): Checkpoint {
    const { phase, recorder, handed, loop } = parts
    const { points, ...facts } = this.input.facts()
    const tensors = new Map<string, SafeTensor>([[POINTS, encodePoints(points)]])
    if (handed) for (const [name, tensor] of checkpointTensors(handed.weights)) tensors.set(name, tensor)
    for (const [name, tensor] of loop?.tensors ?? []) tensors.set(`${LOOP_PREFIX}${name}`, tensor)
    const mark: RunCheckpoint = {
      phase,
      step: facts.books.steps,
      ...(recorder?.place() ?? { epoch: 0, epochs: 0 }),
      seconds: facts.elapsedMs / 1000,
      savedAt: Date.now()
    }
    const state: RunState = {
      version: 1,
      runId: this.input.job.runId,
      identity: this.input.identity,
      mark,
      phase,
      ...facts,
      recorder: recorder?.state() ?? null,
      loop: loop?.json ?? null,
      kept: handed?.kept ?? null
    }
    return { state, tensors }
  }

  /** Said once: training goes on, and the next attempt may succeed. */
  private failed(error: unknown): void {
    if (this.toldUnwritten) return
    this.toldUnwritten = true
    const evidence = error instanceof Error ? error.message : String(error)
    this.input.outbox.send({
      type: 'finding',
      finding: {
        code: 'run/checkpoint-unwritten',
        severity: 'warning',
        title:
          'A checkpoint could not be written. The run goes on; until one can, a crash would cost what was trained since the last, and a pause has to wait.',
        evidence
      }
    })
  }
}

function restore({ state, tensors }: Checkpoint): Restored {
  const loopTensors = new Map<string, StateTensor>()
  for (const [name, { shape, data }] of tensors) {
    if (name.startsWith(LOOP_PREFIX))
      loopTensors.set(name.slice(LOOP_PREFIX.length), { shape, data: data as Float32Array })
  }
  const points = tensors.get(POINTS)
  return {
    state,
    points: points ? decodePoints(points) : [],
    loop: state.loop && { json: state.loop, tensors: loopTensors },
    handed: state.kept && { weights: weightsOf(tensors), kept: state.kept }
  }
}

function damagedFinding(damaged: readonly { file: string; why: string }[], from: RunState | null): Finding {
  const went = from
    ? from.loop
      ? `the run went on from the one before, at step ${from.mark.step}`
      : `the run began its ${from.phase} phase anew, at step ${from.mark.step}`
    : 'the run began anew'
  return {
    code: 'run/checkpoint-damaged',
    severity: 'warning',
    title: `${damaged.length === 1 ? 'A checkpoint was' : `${damaged.length} checkpoints were`} damaged: ${went}.`,
    evidence: damaged.map(({ file, why }) => `${file.replace(/^.*[\\/]/, '')}: ${why}`).join('; '),
    count: damaged.length
  }
}
