/** Where a contract looks in a picture: pure arithmetic, shared by the decoder and the preview. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'

export interface Box {
  left: number
  top: number
  width: number
  height: number
}

export interface View {
  /** Whole pixels of the upright picture to keep before it is resized; null keeps all. */
  trim: Box | null
  /** What the (trimmed) picture is resized to, pixels. */
  resized: { width: number; height: number }
  /** Where the network's square lies in the resized picture; it may reach over the edge. */
  window: Box
  /** The same square in the upright picture, in its own pixels (fractions of them). */
  box: Box
}

/**
 * Pictures longer than this many short sides are trimmed to it first: resizing a strip of 1 × 5,000 pixels so that its short side
 * is 256 would make 1,280,000 columns, of which 224 are looked at.
 */
const LONGEST_ASPECT = 4

/**
 * The picture is resized first and the square cut out afterwards, as timm and torchvision do: sizes are rounded once, at the
 * network's resolution, and a JPEG can be shrunk while it is decoded.
 */
export function viewOf(width: number, height: number, contract: PreprocessingContract): View {
  const { size, crop, cropFraction } = contract
  if (crop === 'squash') {
    const whole = { left: 0, top: 0, width, height }
    return { trim: null, resized: { width: size, height: size }, window: square(0, 0, size), box: whole }
  }
  if (crop === 'pad') {
    const scale = size / Math.max(width, height)
    const resized = { width: atLeastOne(width * scale), height: atLeastOne(height * scale) }
    return placed(resized, size, null, width, height)
  }
  const short = Math.min(width, height)
  const trim = trimTo(width, height, short * LONGEST_ASPECT)
  const scale = Math.max(Math.round(size / cropFraction), size) / short
  const resized = {
    width: Math.round((trim?.width ?? width) * scale),
    height: Math.round((trim?.height ?? height) * scale)
  }
  return placed(resized, size, trim, width, height)
}

/** The square of `size` in the middle of `resized`. */
function placed(
  resized: { width: number; height: number },
  size: number,
  trim: Box | null,
  width: number,
  height: number
): View {
  const window = square(Math.floor((resized.width - size) / 2), Math.floor((resized.height - size) / 2), size)
  const kept = trim ?? { left: 0, top: 0, width, height }
  const [across, down] = [kept.width / resized.width, kept.height / resized.height]
  const box = {
    left: kept.left + window.left * across,
    top: kept.top + window.top * down,
    width: size * across,
    height: size * down
  }
  return { trim, resized, window, box }
}

function trimTo(width: number, height: number, longest: number): Box | null {
  if (Math.max(width, height) <= longest) return null
  const [keptWidth, keptHeight] = [Math.min(width, longest), Math.min(height, longest)]
  const middle = (all: number, kept: number): number => Math.floor((all - kept) / 2)
  return { left: middle(width, keptWidth), top: middle(height, keptHeight), width: keptWidth, height: keptHeight }
}

const square = (left: number, top: number, side: number): Box => ({ left, top, width: side, height: side })

const atLeastOne = (side: number): number => Math.max(1, Math.round(side))
