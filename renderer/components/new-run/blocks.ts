/** A backbone's blocks as a fine-tune sees them. */
import { formatNumber } from '@shared/text/format'

export interface DrawnBlock {
  name: string
  learns: boolean
  /** Of the fine-tune's learning rate; 0 where it is frozen. */
  share: number
  /** In words, with the rate. */
  text: string
}

/** How many of the last blocks learn, within those there are; null while the setting is no number. */
export function learningCount(unfreeze: unknown, blocks: number): number | null {
  if (unfreeze === 'all') return blocks
  return typeof unfreeze === 'number' && unfreeze >= 1 ? Math.min(Math.floor(unfreeze), blocks) : null
}

/**
 * @param rate of the head; the last block learns at rate·decay, the one before at rate·decay², and so on. Null: not known.
 */
export function drawBlocks(
  names: readonly string[],
  learning: number,
  decay: number,
  rate: number | null
): DrawnBlock[] {
  return names.map((name, index) => {
    const learns = index >= names.length - learning
    const share = learns ? decay ** (names.length - index) : 0
    const at = rate === null ? '' : ` at ${formatRate(rate * share)}`
    return { name, learns, share, text: `${name}: ${learns ? `learns${at}` : 'frozen'}` }
  })
}

/** Two digits that count. */
export const formatRate = (rate: number): string => formatNumber(Number(rate.toPrecision(2)))
