/** What pictures a foreign network takes, and whether such can be given to it: square ones, of red, green and blue. */
import { INPUT_SIZE } from '@shared/domain/preprocessing'
import { StudioError } from '@shared/errors'
import type { NetworkGraph } from '../graph'

/** Side of the pictures where neither file nor architecture says one. */
export const USUAL_SIZE = 224

/**
 * @param name of the model, for the message
 * @returns the side of the pictures, and what whoever imports it should know
 * @throws StudioError backbone/unsupported-input
 */
export function inputOf({ nodes }: NetworkGraph, name: string): { size: number; notes: string[] } {
  const input = nodes.find((node) => node.op === 'input')
  if (input?.op !== 'input') return { size: USUAL_SIZE, notes: [] }
  const { height, width, channels } = input
  if (channels !== 3) {
    throw unsupported(name, `pictures of ${channels === 1 ? 'one channel' : `${channels} channels`}, not of three`)
  }
  const size = sideOf(height, name)
  if (height === width) return { size, notes: [] }
  // Convolutions take any shape; a flattened map has as many places as it was made for.
  if (nodes.some(({ op }) => op === 'flatten'))
    throw unsupported(name, `pictures of ${height} × ${width}, not square ones`)
  return { size, notes: [`It was made for pictures of ${height} × ${width}; here it sees squares of ${size}.`] }
}

/** @throws StudioError backbone/unsupported-input when no picture can be prepared in that size */
export function sideOf(size: number, name: string): number {
  if (size < INPUT_SIZE.least) throw unsupported(name, `pictures of ${size} × ${size}, which are too small`)
  if (size > INPUT_SIZE.most) throw unsupported(name, `pictures of ${size} × ${size}, which are too large`)
  return size
}

const unsupported = (name: string, what: string): StudioError =>
  new StudioError('backbone/unsupported-input', `'${name}' takes ${what}.`, { name })
