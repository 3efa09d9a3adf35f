/** Tells image formats by their first bytes; a file's name proves nothing. */

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'bmp' | 'tiff' | 'avif'

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end))

/**
 * @param bytes the whole file, or at least its first 64 bytes.
 * @returns null when they begin none of the formats that Whetstone reads.
 */
export function detectFormat(bytes: Uint8Array): ImageFormat | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg'
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png'
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp'
  if (['GIF87a', 'GIF89a'].includes(ascii(bytes, 0, 6))) return 'gif'
  if (ascii(bytes, 0, 2) === 'BM' && bytes.length > 17 && isBitmapHeader(bytes)) return 'bmp'
  // 42 is TIFF, 43 BigTIFF, in either byte order.
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(ascii(bytes, 0, 4))) return 'tiff'
  if (ascii(bytes, 4, 8) === 'ftyp' && isAvif(bytes)) return 'avif'
  return null
}

/** Sizes of the headers that Windows and OS/2 have used; two letters alone would also match a text that begins with 'BM'. */
function isBitmapHeader(bytes: Uint8Array): boolean {
  const headerSize = new DataView(bytes.buffer, bytes.byteOffset).getUint32(14, true)
  return [12, 16, 40, 52, 56, 64, 108, 124].includes(headerSize)
}

/** HEIF's file type box: a major brand, a version, then compatible brands, four bytes each (ISO/IEC 14496-12, 4.3). */
function isAvif(bytes: Uint8Array): boolean {
  const boxSize = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const end = Math.min(boxSize, bytes.length)
  for (let place = 8; place + 4 <= end; place += 4) {
    if (place !== 12 && ['avif', 'avis'].includes(ascii(bytes, place, place + 4))) return true
  }
  return false
}
