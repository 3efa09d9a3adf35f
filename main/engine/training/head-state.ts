/** What a head's training by gradients has to remember, to go on as if it had never been interrupted. */
import type { Random } from '@shared/random'
import type { EarlyStopping } from './early-stopping'
import type { BestEpoch, HeadWeights } from './finetune-contract'
import { headParameters } from './head-sessions'
import type { LoopState, StateTensor } from './loop-state'
import type { Optimizer } from './optimizers'
import { fromState } from './random'
import type { Schedule } from './schedules'

/** Where in which epoch, and what it came to so far. */
export interface EpochCursor {
  /** Counted from 1; Infinity once early stopping has ended the phase. */
  epoch: number
  /** Images of the epoch's order that are done. */
  place: number
  /** Sums over the images that were seen. */
  loss: number
  right: number
  seen: number
  /** Of the shuffling stream before the epoch's order was drawn. */
  shuffleState: number[]
}

export interface HeadLoop {
  readonly head: HeadWeights
  readonly average: HeadWeights | null
  readonly optimizer: Optimizer
  readonly schedule: Schedule
  readonly stopping: EarlyStopping
  shuffling: Random
  dropping: Random
  kept: { head: HeadWeights; epoch: BestEpoch } | null
  cursor: EpochCursor
  steps: number
  epochsDone: number
}

interface SavedJson {
  cursor: Omit<EpochCursor, 'epoch'> & { epoch: number | null }
  steps: number
  epochsDone: number
  optimizerSteps: number
  dropout: number[]
  schedule: ReturnType<Schedule['state']>
  best: BestEpoch | null
  kept: BestEpoch | null
}

/** Copies everything: training goes on while it is written. */
export function captureHeadLoop(loop: HeadLoop): LoopState {
  const tensors: LoopState['tensors'] = new Map()
  const save = (name: string, values: Float32Array): void =>
    void tensors.set(name, { shape: [values.length], data: values.slice() })
  const { steps: optimizerSteps, slots } = loop.optimizer.state()
  slots.forEach((own, place) => own.forEach((slot, index) => save(`slot.${place}.${index}`, slot)))
  for (const [name, head] of headsOf(loop)) headParameters(head).forEach((values, at) => save(`${name}.${at}`, values))
  const { epoch } = loop.cursor
  const json: SavedJson = {
    cursor: { ...loop.cursor, epoch: Number.isFinite(epoch) ? epoch : null },
    steps: loop.steps,
    epochsDone: loop.epochsDone,
    optimizerSteps,
    dropout: loop.dropping.state(),
    schedule: loop.schedule.state(),
    best: loop.stopping.best,
    kept: loop.kept?.epoch ?? null
  }
  return { json: json as unknown as Record<string, unknown>, tensors }
}

/** Puts a captured state into a loop that was made from the same input. */
export function restoreHeadLoop(loop: HeadLoop, { json, tensors }: LoopState): void {
  const saved = json as unknown as SavedJson
  const data = (name: string): Float32Array => (tensors.get(name) as StateTensor).data
  loop.steps = saved.steps
  loop.epochsDone = saved.epochsDone
  loop.cursor = { ...saved.cursor, epoch: saved.cursor.epoch ?? Infinity }
  loop.shuffling = fromState(saved.cursor.shuffleState)
  loop.dropping = fromState(saved.dropout)
  loop.schedule.restore(saved.schedule)
  loop.stopping.best = saved.best
  if (saved.kept) loop.kept = { head: structuredClone(loop.head), epoch: saved.kept }
  const { slots } = loop.optimizer.state()
  const savedSlots = slots.map((own, place) => own.map((_, index) => data(`slot.${place}.${index}`)))
  loop.optimizer.restore({ steps: saved.optimizerSteps, slots: savedSlots })
  for (const [name, head] of headsOf(loop)) {
    headParameters(head).forEach((values, at) => values.set(data(`${name}.${at}`)))
  }
}

/** Every set of weights that the loop holds, by name. */
function headsOf({ head, average, kept }: HeadLoop): [string, HeadWeights][] {
  const heads: [string, HeadWeights][] = [['head', head]]
  if (average) heads.push(['average', average])
  if (kept) heads.push(['kept', kept.head])
  return heads
}
