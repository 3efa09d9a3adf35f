/**
 * Everything that a training loop needs to go on as if it had never been interrupted. Each loop writes its own words into `json`
 * and names its tensors; what is around it (checkpoints on disk, the run) carries them and looks into neither.
 */

/** A tensor of a loop's state: weights, optimiser slots, averages. */
export interface StateTensor {
  shape: number[]
  data: Float32Array
}

/**
 * What a loop hands out and is given back. `json` holds what JSON holds exactly: finite numbers, strings, booleans, null,
 * arrays, objects. Typical: step, epoch, place in the epoch's order, states of the random streams, early stopping, the best
 * epoch, totals of the epoch so far. NaN and infinities have no JSON: leave them out.
 */
export interface LoopState {
  json: Record<string, unknown>
  tensors: Map<string, StateTensor>
}

/**
 * What a loop takes of its caller to be resumable. After `resume`, every number it reports must be the one that an
 * uninterrupted loop would have reported at that step.
 */
export interface Resumable {
  /** Where to go on; left out: from the beginning. */
  resume?: LoopState
  /**
   * Called between steps: after each `checkpointEvery` steps and at each epoch's end, with the epoch reported. `capture`
   * copies the state as it is at this moment; the caller decides whether it is worth its time. Synchronous.
   */
  onCheckpoint?: (capture: () => LoopState) => void
  /** Steps between two calls of `onCheckpoint`; 1 when left out: asking is free, only `capture` costs. */
  checkpointEvery?: number
}
