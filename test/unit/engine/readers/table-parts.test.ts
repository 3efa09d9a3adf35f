import { describe, expect, it } from 'vitest'
import { crc32c, maskedCrc32c } from '@shared/formats/crc32c'
import { unsnap } from '../../../../main/engine/backbones/readers/saved-model/snappy'

const text = (value: string): Buffer => Buffer.from(value)

describe('CRC-32C', () => {
  it('gives the values of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e)
    expect(crc32c(text('123456789'))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array())).toBe(0)
  })

  it('is masked by a turn of 15 bits and a constant', () => {
    expect(maskedCrc32c(text('123456789'))).toBe((((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0)
  })
})

describe('Snappy', () => {
  it('takes literals, and copies that overlap themselves', () => {
    // 'ab' as a literal, then a copy of 10 bytes from 2 back, then one of 4 from 12 back with a long offset.
    const near = Buffer.from([0b000_110_01, 2])
    const far = Buffer.from([(3 << 2) | 2, 12, 0])
    const block = Buffer.concat([Buffer.from([16, 1 << 2]), text('ab'), near, far])
    expect(Buffer.from(unsnap(block)).toString()).toBe('abababababababab')
  })

  it('takes literals whose length has bytes of its own', () => {
    const long = Buffer.alloc(300, 7)
    expect(unsnap(Buffer.concat([Buffer.from([0xac, 2, 61 << 2, 43, 1]), long]))).toEqual(new Uint8Array(long))
  })

  it.each([
    ['an absurd length', [0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a copy from before the beginning', [8, 0, 97, 0b000_000_01, 5]],
    ['a literal that is cut short', [8, 7 << 2, 97]],
    ['a block that is cut short', [8, 0, 97]],
    ['nothing', []]
  ])('refuses %s', (_what, bytes) => {
    expect(() => unsnap(Uint8Array.from(bytes))).toThrow(RangeError)
  })
})
