/** Occlusion: how much less sure a network is of a class when a grey patch hides a place. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError } from '@shared/errors'
import { normalize } from '../../data/normalize'
import type { HeatGrid } from './grad-cam'

/** As light as ImageNet's pictures are on average, and of no colour: a tint would itself speak for or against a class. RGB bytes. */
const GREY = [117, 117, 117]
const MOST_CELLS = 12
const LEAST_CELLS = 4
/** A cell is no smaller than this; pixels. */
const LEAST_SIDE = 4
/** Patches go through the network together, and are stopped between. */
const BATCH = 16

export interface OcclusionInput {
  /** RGB bytes, size × size × 3, as the contract crops and resizes. */
  pixels: Uint8Array
  contract: PreprocessingContract
  classIndex: number
  /** @param batch NHWC @returns [count, classes], before the softmax */
  scores(batch: Float32Array, count: number): Promise<Float32Array>
  /** Cells that hold nothing of the picture, such as the black beside it, need not be hidden. */
  isEmpty?: (column: number, row: number, cells: number) => boolean
  signal?: AbortSignal
  onProgress?: (done: number, total: number) => void
}

/**
 * A patch of twice a cell's side is centred on each cell in turn, so that neighbours overlap. What is measured is the fall of the
 * log-odds, which tells places apart even where the network is sure: probabilities all stay near 1 there.
 * @throws StudioError job/cancelled when the signal is aborted
 */
export async function occlusion(input: OcclusionInput): Promise<HeatGrid> {
  const { pixels, contract, classIndex, scores, signal, onProgress } = input
  const { size } = contract
  const side = Math.min(Math.max(Math.floor(size / LEAST_SIDE), LEAST_CELLS), MOST_CELLS)
  const cells = new Float32Array(side * side)
  const places = [...cells.keys()].filter((at) => !input.isEmpty?.(at % side, Math.floor(at / side), side))
  const length = size * size * 3
  const whole = logOdds(await scores(normalize(pixels, contract), 1), classIndex)
  onProgress?.(0, places.length)
  for (let start = 0; start < places.length; start += BATCH) {
    if (signal?.aborted) throw new StudioError('job/cancelled', 'The heat map was not finished: it was stopped.')
    const part = places.slice(start, start + BATCH)
    const batch = new Float32Array(part.length * length)
    part.forEach((at, index) => normalize(hide(pixels, size, side, at), contract, batch, index * length))
    const found = await scores(batch, part.length)
    const classes = found.length / part.length
    part.forEach((at, index) => {
      cells[at] = Math.max(0, whole - logOdds(found.subarray(index * classes, (index + 1) * classes), classIndex))
    })
    onProgress?.(start + part.length, places.length)
  }
  return { width: side, height: side, cells }
}

function hide(pixels: Uint8Array, size: number, side: number, at: number): Uint8Array {
  const hidden = Uint8Array.from(pixels)
  const range = (cell: number): [from: number, to: number] => [
    Math.max(0, Math.round(((cell - 0.5) * size) / side)),
    Math.min(size, Math.round(((cell + 1.5) * size) / side))
  ]
  const [left, right] = range(at % side)
  const [top, bottom] = range(Math.floor(at / side))
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) hidden.set(GREY, (y * size + x) * 3)
  }
  return hidden
}

/** ln(p / (1 − p)) of a class, from scores before the softmax: its score less the log of the others' exponentials. */
export function logOdds(scores: Float32Array, classIndex: number): number {
  let largest = -Infinity
  scores.forEach((score, index) => {
    if (index !== classIndex) largest = Math.max(largest, score)
  })
  let others = 0
  scores.forEach((score, index) => {
    if (index !== classIndex) others += Math.exp(score - largest)
  })
  return scores[classIndex]! - largest - Math.log(others)
}
