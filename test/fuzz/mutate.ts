/** Damage to bytes, from a seeded stream of random numbers. */
import type { Random } from '@shared/random'
import { mutateJson } from './mutate-json'

/** Lengths, counts and signs at which readers go wrong. */
const INTERESTING = [
  0n,
  1n,
  2n,
  7n,
  8n,
  127n,
  128n,
  255n,
  256n,
  65_535n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n
]

/** May write on the bytes that it is given. */
type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array

const place = (bytes: Uint8Array, random: Random): number => random.int(Math.max(1, bytes.length))

/** A stretch of at most 64 bytes. */
function stretch(bytes: Uint8Array, random: Random): [number, number] {
  const from = place(bytes, random)
  return [from, Math.min(bytes.length, from + 1 + random.int(64))]
}

const flipBits: Mutation = (out, random) => {
  for (let count = 1 + random.int(4); count > 0 && out.length > 0; count--)
    out[place(out, random)]! ^= 1 << random.int(8)
  return out
}

const overwriteNumber: Mutation = (out, random) => {
  const width = 2 ** random.int(4)
  const at = place(out, random)
  if (at + width > out.length) return out
  const value = BigInt.asUintN(8 * width, INTERESTING[random.int(INTERESTING.length)]!)
  const little = random.int(4) > 0
  for (let index = 0; index < width; index++) {
    out[at + (little ? index : width - 1 - index)] = Number((value >> BigInt(8 * index)) & 255n)
  }
  return out
}

const truncate: Mutation = (bytes, random) => bytes.slice(0, place(bytes, random))

const append: Mutation = (bytes, random) => {
  const more = Uint8Array.from({ length: 1 + random.int(64) }, () => (random.int(2) ? 0 : random.int(256)))
  return Uint8Array.from([...bytes, ...more])
}

const swap: Mutation = (out, random) => {
  const [from, end] = stretch(out, random)
  const to = Math.min(place(out, random), out.length - (end - from))
  const moved = out.slice(from, end)
  out.copyWithin(from, to, to + moved.length)
  out.set(moved, to)
  return out
}

const remove: Mutation = (bytes, random) => {
  const [from, end] = stretch(bytes, random)
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(end)])
}

const repeat: Mutation = (bytes, random) => {
  const [from, end] = stretch(bytes, random)
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(from)])
}

const randomise: Mutation = (out, random) => {
  const [from, end] = stretch(out, random)
  for (let index = from; index < end; index++) out[index] = random.int(256)
  return out
}

const MUTATIONS = [
  flipBits,
  flipBits,
  overwriteNumber,
  overwriteNumber,
  truncate,
  append,
  swap,
  remove,
  repeat,
  randomise
]

/**
 * One to three changes; of a JSON file mostly to its values, so that it stays JSON.
 *
 * @param bytes stay as they are: damage that gathered in them would soon leave nothing to damage
 */
export function mutate(name: string, bytes: Uint8Array, random: Random): Uint8Array {
  if (name.endsWith('.json') && random.int(8) > 0) return mutateJson(bytes, random)
  let out = bytes
  for (let count = 1 + random.int(3); count > 0; count--) {
    // A plain array: a Buffer's `slice` is no copy.
    out = MUTATIONS[random.int(MUTATIONS.length)]!(Uint8Array.from(out), random)
  }
  return out
}
