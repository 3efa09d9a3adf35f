/** Two pictures in one: mixup (Zhang et al. 2018, arXiv:1710.09412) and CutMix (Yun et al. 2019, arXiv:1905.04899). */
import type { FineTuneConfig } from '@shared/domain/training-config'
import type { Random } from '@shared/random'
import { derive, type TrainingRandom } from '../random'

/** What went into each picture of a batch. */
export interface Mix {
  /** Place in the batch of the other picture. */
  partner: Int32Array
  /** Of the picture's own content, 0–1; the rest is its partner's. */
  share: number
}

export const isMixing = ({ mixup, cutmix }: Pick<FineTuneConfig, 'mixup' | 'cutmix'>): boolean =>
  mixup > 0 || cutmix > 0

/**
 * Mixes a batch in place. As in both papers, one share for the whole batch, and partners by a random order of it; where both
 * kinds are on, a coin decides for each batch.
 *
 * @param values [images, size, size, 3], as the network reads them.
 * @param place of the batch: the same place gives the same mix.
 */
export function mixBatch(
  values: Float32Array,
  size: number,
  { mixup, cutmix }: Pick<FineTuneConfig, 'mixup' | 'cutmix'>,
  place: { seed: number; epoch: number; batch: number }
): Mix {
  const random = derive(place.seed, 'finetune', 'mix', place.epoch, place.batch)
  const length = size * size * 3
  const partner = random.permutation(values.length / length)
  const cuts = cutmix > 0 && (mixup === 0 || random.float() < 0.5)
  const drawn = shareOf(random, cuts ? cutmix : mixup)
  const before = values.slice()
  if (!cuts) {
    partner.forEach((other, own) => blend(values, before, own * length, other * length, length, drawn))
    return { partner, share: drawn }
  }
  const box = drawBox(random, size, drawn)
  partner.forEach((other, own) => paste(values, before, own * length, other * length, size, box))
  return { partner, share: 1 - (box.height * box.width) / size ** 2 }
}

const shareOf = (random: TrainingRandom, alpha: number): number => random.beta(alpha, alpha)

function blend(out: Float32Array, from: Float32Array, own: number, other: number, length: number, share: number): void {
  for (let index = 0; index < length; index++) {
    out[own + index] = share * from[own + index]! + (1 - share) * from[other + index]!
  }
}

interface Box {
  top: number
  left: number
  height: number
  width: number
}

/** Of 1 − share of the picture around a uniform centre; what would lie outside is cut off. */
function drawBox(random: Random, size: number, share: number): Box {
  const half = Math.floor(size * Math.sqrt(1 - share)) / 2
  const [y, x] = [random.int(size), random.int(size)]
  const within = (value: number): number => Math.round(Math.min(Math.max(value, 0), size))
  const [top, left] = [within(y - half), within(x - half)]
  return { top, left, height: within(y + half) - top, width: within(x + half) - left }
}

function paste(out: Float32Array, from: Float32Array, own: number, other: number, size: number, box: Box): void {
  for (let y = box.top; y < box.top + box.height; y++) {
    const start = (y * size + box.left) * 3
    out.set(from.subarray(other + start, other + start + box.width * 3), own + start)
  }
}
