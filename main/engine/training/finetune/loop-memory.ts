/** What a fine-tune has to remember, to go on as if it had never been interrupted. */
import type { LoopState, StateTensor } from '../loop-state'
import type { NativeVariable } from '../../executors/tensorflow-kernels/variables'
import type { EarlyStopping } from '../early-stopping'
import type { BestEpoch } from '../finetune-contract'
import type { Schedule } from '../schedules'
import type { ParameterStore } from './parameters'
import type { TrainingStep } from './training-step'
import type { WeightMean } from './weight-mean'

/** Where in which epoch, and what it came to so far. */
export interface EpochCursor {
  /** Counted from 1. */
  epoch: number
  /** Micro-batches of the epoch that are done. */
  batches: number
  /** Sums over the images that were seen. */
  images: number
  loss: number
  right: number
}

export interface KeptWeights {
  /** Null: those from before the first step. */
  weights: Map<string, Float32Array> | null
  best: BestEpoch
}

/** The parts of a loop that change while it runs. Random streams are not among them: each is drawn anew from its place. */
export interface LoopMemory {
  readonly parameters: ParameterStore
  readonly step: TrainingStep
  readonly mean: WeightMean | null
  readonly schedule: Schedule
  readonly stopping: EarlyStopping
  cursor: EpochCursor
  kept: KeptWeights
  epochsDone: number
  /** Early stopping or the last step has ended it. */
  finished: boolean
}

interface SavedJson {
  cursor: EpochCursor
  steps: number
  optimizerSteps: number
  schedule: ReturnType<Schedule['state']>
  stopping: BestEpoch | null
  kept: BestEpoch
  epochsDone: number
  finished: boolean
}

/** Copies everything: training goes on while it is written. */
export function captureLoop(memory: LoopMemory): LoopState {
  const tensors: LoopState['tensors'] = new Map()
  const json: SavedJson = {
    cursor: { ...memory.cursor },
    steps: memory.step.steps,
    optimizerSteps: memory.step.optimizer.steps,
    schedule: memory.schedule.state(),
    stopping: memory.stopping.best,
    kept: memory.kept.best,
    epochsDone: memory.epochsDone,
    finished: memory.finished
  }
  for (const [name, variable] of variablesOf(memory)) {
    tensors.set(name, { shape: [...variable.shape], data: variable.toArray() })
  }
  for (const [key, data] of memory.kept.weights ?? []) {
    tensors.set(`kept/${key}`, { shape: [...memory.parameters.variables.get(key)!.shape], data: data.slice() })
  }
  return { json: json as unknown as Record<string, unknown>, tensors }
}

/** Puts a captured state into the memory of a loop that was made from the same input. */
export function restoreLoop(memory: LoopMemory, { json, tensors }: LoopState): void {
  const saved = json as unknown as SavedJson
  const data = (name: string): Float32Array => (tensors.get(name) as StateTensor).data
  memory.cursor = { ...saved.cursor }
  memory.step.steps = saved.steps
  memory.step.optimizer.steps = saved.optimizerSteps
  memory.schedule.restore(saved.schedule)
  memory.stopping.best = saved.stopping
  memory.epochsDone = saved.epochsDone
  memory.finished = saved.finished
  for (const [name, variable] of variablesOf(memory)) variable.assign(data(name))
  const keys = [...memory.parameters.variables.keys()]
  const hasKept = tensors.has(`kept/${keys[0]!}`)
  memory.kept = {
    weights: hasKept ? new Map(keys.map((key) => [key, data(`kept/${key}`).slice()])) : null,
    best: saved.kept
  }
}

/** Weights, moving statistics, the optimiser's slots and the average, by a name for each. */
function variablesOf({ parameters, step, mean }: LoopMemory): [string, NativeVariable][] {
  return [
    ...[...parameters.variables].map(([key, variable]): [string, NativeVariable] => [`weight/${key}`, variable]),
    ...[...step.optimizer.slots].flatMap(([key, slots]) =>
      slots.map((slot, index): [string, NativeVariable] => [`slot/${index}/${key}`, slot])
    ),
    ...[...(mean?.variables ?? [])].map(([key, variable]): [string, NativeVariable] => [`average/${key}`, variable])
  ]
}
