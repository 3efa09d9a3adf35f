/** IEEE 754-2008 binary16, in which published weights are often stored to halve their size. */

let table: Float32Array | undefined

/** @param bits of one half-precision number each. */
export function halvesToFloats(bits: Uint16Array): Float32Array {
  // There are only 65,536 such numbers, and a model asks for millions.
  table ??= Float32Array.from({ length: 65_536 }, (_, value) => fromHalf(value))
  const values = new Float32Array(bits.length)
  for (let index = 0; index < bits.length; index++) values[index] = table[bits[index]!]!
  return values
}

/** 1 sign bit, 5 of exponent (bias 15), 10 of fraction. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
