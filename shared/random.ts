/**
 * Seeded random numbers: sfc32, Chris Doty-Humphrey's 'Small Fast Chaotic' generator (PractRand,
 * https://pracrand.sourceforge.net), seeded through splitmix32. 128 bits of state, period at least 2^32 and on average
 * 2^127. All its arithmetic is on 32-bit integers, so that a seed gives the same stream on every machine; `normal` also
 * uses Math.log and Math.sqrt. Not for secrets.
 */

/** Anything with numbered places: arrays and typed arrays. */
interface Indexed<T> {
  readonly length: number
  [index: number]: T
}

export interface Random {
  /** Uniform integer in [0, 2^32). */
  uint32(): number
  /** 32 random bits in each place: what as many calls of `uint32` would give, several times faster. */
  fill(out: Int32Array): void
  /** Uniform in [0, 1), 24 random bits: exact in float32 too. */
  float(): number
  /** Uniform integer in [0, below), without modulo bias. `below` is at least 1 and at most 2^32. */
  int(below: number): number
  /** Standard normal, by Marsaglia's polar method (1964). */
  normal(): number
  /** Fisher–Yates, in place; returns its argument. */
  shuffle<T, A extends Indexed<T>>(items: A & Indexed<T>): A
  /** The numbers 0 … count − 1 in random order. */
  permutation(count: number): Int32Array
  /** Where the stream stands, as finite numbers: `restoreRandom` goes on from there. */
  state(): number[]
}

/** Draws thrown away after seeding, so that similar seeds have parted ways. */
const WARM_UP = 15

/**
 * @param seed any integer; its low 32 bits count.
 * @param stream numbers independent streams of one seed, one for each use, so that a draw more in one place does not change
 * another place.
 */
export function createRandom(seed: number, stream = 0): Random {
  const next = splitmix32(seed | 0)
  const random = randomAt([next(), next(), next() ^ Math.imul(stream | 0, 0x9e3779b9), 1])
  for (let draw = 0; draw < WARM_UP; draw++) random.uint32()
  return random
}

/**
 * Goes on where a stream's `state()` was taken.
 *
 * @throws RangeError when the numbers are not a state
 */
export function restoreRandom(state: readonly number[]): Random {
  const [a, b, c, counter, spare] = state
  const isWord = (value: number | undefined): boolean => value !== undefined && (value | 0) === value
  const hasSpare = state.length === 5 && Number.isFinite(spare)
  if (![a, b, c, counter].every(isWord) || (state.length !== 4 && !hasSpare)) {
    throw new RangeError('These numbers are not the state of a random stream.')
  }
  return randomAt(state)
}

/** @param state three words, the counter and, where `normal` has one in hand, its other number */
function randomAt([first, second, third, count, other]: readonly number[]): Random {
  let a = first!
  let b = second!
  let c = third!
  let counter = count!
  let spare: number | null = other ?? null
  const uint32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** The same step on local variables, which the compiler keeps in registers: as integers, since `| 0` says what they begin as. */
  const fill = (out: Int32Array): void => {
    let x = a | 0
    let y = b | 0
    let z = c | 0
    let n = counter | 0
    for (let index = 0; index < out.length; index++) {
      const sum = (((x + y) | 0) + n) | 0
      n = (n + 1) | 0
      x = y ^ (y >>> 9)
      y = (z + (z << 3)) | 0
      z = (((z << 21) | (z >>> 11)) + sum) | 0
      out[index] = sum
    }
    a = x
    b = y
    c = z
    counter = n
  }

  const float = (): number => (uint32() >>> 8) / 0x1000000
  const int = (below: number): number => {
    const limit = 0x100000000 - (0x100000000 % below)
    let draw = uint32()
    while (draw >= limit) draw = uint32()
    return draw % below
  }

  const normal = (): number => {
    if (spare !== null) {
      const value = spare
      spare = null
      return value
    }
    for (;;) {
      const u = 2 * float() - 1
      const v = 2 * float() - 1
      const square = u * u + v * v
      if (square > 0 && square < 1) {
        const factor = Math.sqrt((-2 * Math.log(square)) / square)
        spare = v * factor
        return u * factor
      }
    }
  }

  const shuffle = <T, A extends Indexed<T>>(items: A & Indexed<T>): A => {
    for (let last = items.length - 1; last > 0; last--) {
      const other = int(last + 1)
      const kept = items[last]!
      items[last] = items[other]!
      items[other] = kept
    }
    return items
  }

  const permutation = (count: number): Int32Array => {
    const order = Int32Array.from({ length: count }, (_, index) => index)
    return shuffle<number, Int32Array>(order)
  }

  const state = (): number[] => (spare === null ? [a, b, c, counter] : [a, b, c, counter, spare])

  return { uint32, fill, float, int, normal, shuffle, permutation, state }
}

/** Guy Steele, Doug Lea and Christine Flood's SplitMix (2014), the 32-bit variant with Murmur3's finaliser. */
function splitmix32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x85ebca6b)
    mixed ^= mixed >>> 13
    mixed = Math.imul(mixed, 0xc2b2ae35)
    return mixed ^ (mixed >>> 16)
  }
}
