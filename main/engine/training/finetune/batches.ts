/** The order of training examples: decided by seed and epoch alone, so that any place in it can be gone to. */
import type { BalanceConfig } from '@shared/domain/training-config'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { derive } from '../random'

/** One training example of an epoch. */
export interface DrawnImage {
  image: LabelledImage
  /** How often the image came before in this epoch; always 0 when every image comes once. */
  repeat: number
}

/** The examples of one epoch, in batches that are made when they are asked for. The last one may be smaller. */
export interface EpochOrder {
  batchCount: number
  batch(index: number): DrawnImage[]
}

/**
 * @param sampling `shuffle`: every image once. `balanced`: as many draws, every class equally often (to within one), the images of
 *   a class in turn.
 */
export function epochOrder(
  images: readonly LabelledImage[],
  batchSize: number,
  seed: number,
  epoch: number,
  sampling: BalanceConfig['sampling'] = 'shuffle'
): EpochOrder {
  const order = sampling === 'balanced' ? balanced(images, seed, epoch) : shuffled(images.length, seed, epoch)
  const repeats = sampling === 'balanced' ? countRepeats(order, images.length) : null
  const batch = (index: number): DrawnImage[] => {
    const start = index * batchSize
    const places = Array.from(order.subarray(start, start + batchSize))
    return places.map((place, at) => ({ image: images[place]!, repeat: repeats?.[start + at] ?? 0 }))
  }
  return { batchCount: Math.ceil(order.length / batchSize), batch }
}

const shuffled = (count: number, seed: number, epoch: number): Int32Array =>
  derive(seed, 'order', epoch).permutation(count)

function balanced(images: readonly LabelledImage[], seed: number, epoch: number): Int32Array {
  const random = derive(seed, 'balanced order', epoch)
  const byClass = new Map<number, number[]>()
  images.forEach(({ classIndex }, place) => {
    const places = byClass.get(classIndex)
    if (places) places.push(place)
    else byClass.set(classIndex, [place])
  })
  const classes = [...byClass.values()].map((places) => ({ places: random.shuffle<number, number[]>(places), next: 0 }))
  // Which classes get the odd draws changes with the epoch.
  random.shuffle<(typeof classes)[number], typeof classes>(classes)
  const order = Int32Array.from(images, (_, draw) => {
    const own = classes[draw % classes.length]!
    const place = own.places[own.next % own.places.length]!
    own.next++
    return place
  })
  return random.shuffle<number, Int32Array>(order)
}

function countRepeats(order: Int32Array, count: number): Int32Array {
  const seen = new Int32Array(count)
  return order.map((place) => seen[place]!++)
}
