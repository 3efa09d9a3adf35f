/**
 * Reads Windows and OS/2 bitmaps, which libvips as npm ships it does not: 1, 4, 8, 16, 24 and 32 bits a pixel, palettes,
 * bit masks, RLE4 and RLE8, bottom-up and top-down.
 * Format: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage and .../bitmap-compression
 */

export interface Bitmap {
  width: number
  height: number
  /** 4 when the file declares an alpha mask. */
  channels: 3 | 4
  data: Uint8Array
}

export interface BitmapHeader {
  width: number
  height: number
  topDown: boolean
  bitsPerPixel: number
  compression: number
  pixelOffset: number
  /** RGB triplets; empty above 8 bits a pixel. */
  palette: Uint8Array
  /** Red, green, blue, alpha; zero: not there. Of use at 16 and 32 bits a pixel. */
  masks: [number, number, number, number]
}

/** The file is no bitmap, is cut short, or uses what cannot be read; `message` completes 'the file …'. */
export class BitmapError extends Error {}

const RGB = 0
const RLE8 = 1
const RLE4 = 2
const BIT_FIELDS = 3
const ALPHA_BIT_FIELDS = 6

/** @throws BitmapError */
export function readBitmapHeader(bytes: Uint8Array): BitmapHeader {
  if (bytes.length < 26) throw new BitmapError('ends within its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerSize = view.getUint32(14, true)
  const core = headerSize === 12
  if (14 + headerSize > bytes.length) throw new BitmapError('ends within its header')
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true)
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true)
  const bitsPerPixel = view.getUint16(core ? 24 : 28, true)
  const compression = core || headerSize < 20 ? RGB : view.getUint32(30, true)
  if (width <= 0 || signedHeight === 0) throw new BitmapError(`claims a size of ${width} × ${signedHeight}`)
  if (![1, 4, 8, 16, 24, 32].includes(bitsPerPixel)) throw new BitmapError(`has ${bitsPerPixel} bits a pixel`)
  if (![RGB, RLE8, RLE4, BIT_FIELDS, ALPHA_BIT_FIELDS].includes(compression)) {
    throw new BitmapError(`uses compression ${compression}`)
  }
  const masks = readMasks(view, headerSize, bitsPerPixel, compression)
  const extraMasks =
    headerSize === 40 ? (compression === BIT_FIELDS ? 12 : compression === ALPHA_BIT_FIELDS ? 16 : 0) : 0
  return {
    width,
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bitsPerPixel,
    compression,
    pixelOffset: view.getUint32(10, true),
    palette: bitsPerPixel > 8 ? new Uint8Array() : readPalette(bytes, view, headerSize, extraMasks, bitsPerPixel),
    masks
  }
}

function readMasks(
  view: DataView,
  headerSize: number,
  bitsPerPixel: number,
  compression: number
): [number, number, number, number] {
  const explicit = compression === BIT_FIELDS || compression === ALPHA_BIT_FIELDS
  if (!explicit) return bitsPerPixel === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0]
  // Masks follow the 40 bytes of the plain header, or are the first fields of the longer ones: the same place.
  const hasAlpha = headerSize >= 56 || compression === ALPHA_BIT_FIELDS
  const at = (index: number): number => {
    if (54 + 4 * index + 4 > view.byteLength) throw new BitmapError('ends within its header')
    return view.getUint32(54 + 4 * index, true)
  }
  return [at(0), at(1), at(2), hasAlpha ? at(3) : 0]
}

function readPalette(
  bytes: Uint8Array,
  view: DataView,
  headerSize: number,
  extraMasks: number,
  bitsPerPixel: number
): Uint8Array {
  const entryBytes = headerSize === 12 ? 3 : 4
  const declared = headerSize >= 40 ? view.getUint32(46, true) : 0
  const count = declared > 0 && declared <= 256 ? declared : 1 << bitsPerPixel
  const start = 14 + headerSize + extraMasks
  const palette = new Uint8Array(3 * (1 << bitsPerPixel))
  for (let index = 0; index < Math.min(count, 1 << bitsPerPixel); index++) {
    const entry = start + index * entryBytes
    if (entry + 3 > bytes.length) throw new BitmapError('ends within its palette')
    for (let channel = 0; channel < 3; channel++) palette[3 * index + channel] = bytes[entry + 2 - channel]!
  }
  return palette
}

/** @throws BitmapError */
export function decodeBitmap(bytes: Uint8Array): Bitmap {
  const header = readBitmapHeader(bytes)
  if (header.compression === RLE8 || header.compression === RLE4)
    return fromIndices(header, decodeRunLength(header, bytes))
  const { width, height, bitsPerPixel } = header
  const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4
  if (header.pixelOffset + rowBytes * height > bytes.length) throw new BitmapError('ends before its last row')
  const row = (y: number): number => header.pixelOffset + (header.topDown ? y : height - 1 - y) * rowBytes
  if (bitsPerPixel <= 8) return fromIndices(header, unpackIndices(header, bytes, row))
  return bitsPerPixel === 24 ? fromTriplets(header, bytes, row) : fromMasks(header, bytes, row)
}

function unpackIndices(header: BitmapHeader, bytes: Uint8Array, row: (y: number) => number): Uint8Array {
  const { width, height, bitsPerPixel } = header
  const indices = new Uint8Array(width * height)
  const perByte = 8 / bitsPerPixel
  for (let y = 0, out = 0; y < height; y++) {
    const start = row(y)
    for (let x = 0; x < width; x++) {
      const shift = 8 - bitsPerPixel * ((x % perByte) + 1)
      indices[out++] = (bytes[start + Math.floor(x / perByte)]! >> shift) & ((1 << bitsPerPixel) - 1)
    }
  }
  return indices
}

function fromIndices({ width, height, palette }: BitmapHeader, indices: Uint8Array): Bitmap {
  const data = new Uint8Array(3 * width * height)
  indices.forEach((index, pixel) => data.set(palette.subarray(3 * index, 3 * index + 3), 3 * pixel))
  return { width, height, channels: 3, data }
}

function fromTriplets({ width, height }: BitmapHeader, bytes: Uint8Array, row: (y: number) => number): Bitmap {
  const data = new Uint8Array(3 * width * height)
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0, place = row(y); x < width; x++, place += 3, out += 3) {
      data[out] = bytes[place + 2]!
      data[out + 1] = bytes[place + 1]!
      data[out + 2] = bytes[place]!
    }
  }
  return { width, height, channels: 3, data }
}

function fromMasks(header: BitmapHeader, bytes: Uint8Array, row: (y: number) => number): Bitmap {
  const { width, height, bitsPerPixel } = header
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const channels = header.masks[3] === 0 ? 3 : 4
  const scales = header.masks.slice(0, channels).map(maskScale)
  const data = new Uint8Array(channels * width * height)
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0, place = row(y); x < width; x++, place += bitsPerPixel / 8) {
      const value = bitsPerPixel === 16 ? view.getUint16(place, true) : view.getUint32(place, true)
      for (const { mask, shift, top } of scales) {
        // `>>> 0`: a mask may hold bit 31, and JavaScript's `&` is signed.
        data[out++] = top === 0 ? 0 : Math.round(((((value & mask) >>> 0) >>> shift) * 255) / top)
      }
    }
  }
  return { width, height, channels, data }
}

function maskScale(mask: number): { mask: number; shift: number; top: number } {
  const shift = mask === 0 ? 0 : Math.log2((mask & -mask) >>> 0)
  return { mask, shift, top: mask === 0 ? 0 : mask >>> shift }
}

/**
 * Pairs of (count, value); a count of zero escapes: 0 ends the row, 1 the picture, 2 moves by (dx, dy), n ≥ 3 copies n
 * literal pixels, padded to two bytes. Pixels that nothing writes stay at palette entry 0.
 */
function decodeRunLength(header: BitmapHeader, bytes: Uint8Array): Uint8Array {
  const { width, height } = header
  const nibbles = header.compression === RLE4
  const indices = new Uint8Array(width * height)
  let x = 0
  let y = 0
  const put = (index: number): void => {
    if (x < width && y < height) indices[(header.topDown ? y : height - 1 - y) * width + x] = index
    x++
  }
  const nibble = (byte: number, position: number): number => (position % 2 === 0 ? byte >> 4 : byte & 15)
  let place = header.pixelOffset
  while (y < height) {
    if (place + 2 > bytes.length) throw new BitmapError('ends before its last row')
    const count = bytes[place]!
    const value = bytes[place + 1]!
    place += 2
    if (count > 0) {
      for (let run = 0; run < count; run++) put(nibbles ? nibble(value, run) : value)
    } else if (value === 0) {
      x = 0
      y++
    } else if (value === 1) {
      break
    } else if (value === 2) {
      x += bytes[place] ?? 0
      y += bytes[place + 1] ?? 0
      place += 2
    } else {
      const literalBytes = nibbles ? Math.ceil(value / 2) : value
      if (place + literalBytes > bytes.length) throw new BitmapError('ends before its last row')
      for (let run = 0; run < value; run++) {
        put(nibbles ? nibble(bytes[place + (run >> 1)]!, run) : bytes[place + run]!)
      }
      place += literalBytes + (literalBytes % 2)
    }
  }
  return indices
}
