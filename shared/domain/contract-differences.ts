/** In what a preprocessing contract departs from the one that a backbone was trained with. */
import { valueRange, type PreprocessingContract } from './preprocessing'

export type ContractAspect = 'range' | 'channel-order' | 'size' | 'crop' | 'resize'

export interface ContractDifference {
  aspect: ContractAspect
  /** What it is, and what the backbone knows; both in a few words. */
  used: string
  known: string
}

/** Grey levels that no network notices. */
const SAME_LEVELS = 2
/** Share of the short side that may be cut off more or less. */
const SAME_FRACTION = 0.02

export function contractDifferences(used: PreprocessingContract, known: PreprocessingContract): ContractDifference[] {
  const differences: ContractDifference[] = []
  const add = (aspect: ContractAspect, own: string, other: string): void =>
    void differences.push({ aspect, used: own, known: other })
  if (!sameValues(used, known)) add('range', rangeText(used), rangeText(known))
  if (used.colorOrder !== known.colorOrder) add('channel-order', used.colorOrder, known.colorOrder)
  if (used.size !== known.size) add('size', `${used.size}²`, `${known.size}²`)
  if (!sameCrop(used, known)) add('crop', cropText(used), cropText(known))
  if (used.filter !== known.filter) add('resize', used.filter, known.filter)
  return differences
}

/** Compared colour by colour, whatever the order in which the two list them. */
function sameValues(a: PreprocessingContract, b: PreprocessingContract): boolean {
  const [first, second] = [byColor(a), byColor(b)]
  return first.every(({ mean, std }, color) => {
    const other = second[color]!
    const gap = (value: number): number => Math.abs((value - mean) / std - (value - other.mean) / other.std) * other.std
    return Math.max(gap(0), gap(255)) < SAME_LEVELS
  })
}

/** Red, green, blue. */
function byColor({ mean, std, colorOrder }: PreprocessingContract): { mean: number; std: number }[] {
  const channels = mean.map((value, channel) => ({ mean: value, std: std[channel]! }))
  return colorOrder === 'RGB' ? channels : channels.reverse()
}

function sameCrop(a: PreprocessingContract, b: PreprocessingContract): boolean {
  if (a.crop !== b.crop) return false
  return a.crop !== 'center-crop' || Math.abs(a.cropFraction - b.cropFraction) <= SAME_FRACTION
}

/** '[0, 1]'. */
export const rangeText = (contract: PreprocessingContract): string =>
  `[${valueRange(contract)
    .map((value) => (Math.abs(value) < 0.1 ? Number(value.toPrecision(2)) : Number(value.toFixed(2))))
    .join(', ')}]`

export function cropText({ crop, cropFraction }: PreprocessingContract): string {
  if (crop === 'squash') return 'the whole picture, squashed'
  if (crop === 'pad') return 'the whole picture, padded'
  return `the middle, ${Math.round(cropFraction * 1000) / 10} % of the short side`
}
