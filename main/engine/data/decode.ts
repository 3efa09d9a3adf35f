/**
 * Opens image files: tells the format by content, checks the size before a pixel is decoded, turns whatever libvips and our
 * bitmap reader throw into coded errors, and gives every picture in one form: upright (EXIF), 8-bit sRGB, without alpha.
 * Transparent pixels show white beneath, as on a page; the first frame stands for an animation, the first page for a document.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StudioError, type ErrorCode } from '../../../shared/errors.ts'
import sharp, { type Sharp } from 'sharp'
import { BitmapError, decodeBitmap, readBitmapHeader } from './bmp.ts'
import { detectFormat, type ImageFormat } from './formats.ts'

/** The limit past which Pillow too takes a picture for a decompression bomb: 2 × 1 GiB / 4 / 3 pixels. */
const MAX_PIXELS = 178_956_970

/** Side of the square that a thumbnail fits in, pixels. */
export const THUMBNAIL_SIDE = 192

/** What transparent pixels show. */
export const BACKGROUND = '#ffffff'

export interface ImageInfo {
  /** After EXIF rotation, pixels. */
  width: number
  height: number
  format: ImageFormat
}

export interface OpenImage extends ImageInfo {
  /**
   * Makes a fresh pipeline: upright, 8-bit sRGB once it is written out; alpha not yet flattened. Made anew for each use, since
   * sharp's `clone` copies the whole file.
   */
  pipeline: () => Sharp
  path: string
}

// Many pictures are decoded at once, each on one thread of the pool; and none is opened twice, so a cache would only hold memory.
sharp.concurrency(1)
sharp.cache(false)

/**
 * Reads the file's header, not its pixels.
 * @param bytes the file's contents, when the caller already has them.
 * @throws StudioError image/not-found, unreadable, empty-file, unsupported, corrupt, too-large
 */
export async function inspectImage(path: string, bytes?: Uint8Array): Promise<ImageInfo> {
  const { width, height, format } = await openImage(path, bytes)
  return { width, height, format }
}

/**
 * Writes a WebP that fits in a square of THUMBNAIL_SIDE, never enlarged. Every pixel of the picture is read for it, so a file
 * that is cut short or damaged is found here.
 * @throws StudioError as inspectImage
 */
export async function thumbnail(path: string, out: string, bytes?: Uint8Array): Promise<void> {
  const image = await openImage(path, bytes)
  const small = await decoding(path, () =>
    image
      .pipeline()
      .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: BACKGROUND })
      .toColourspace('srgb')
      .webp({ quality: 80, effort: 2 })
      .toBuffer()
  )
  await mkdir(dirname(out), { recursive: true })
  // Written beside and renamed: whoever looks meanwhile sees the whole thumbnail or none.
  const partial = `${out}.${process.pid}.${randomUUID()}`
  await writeFile(partial, small)
  await rename(partial, out)
}

/** @throws StudioError as inspectImage */
export async function openImage(path: string, bytes?: Uint8Array): Promise<OpenImage> {
  const contents = bytes ?? (await readImageFile(path))
  if (contents.length === 0) throw new StudioError('image/empty-file', `'${path}' is empty.`, { path })
  const format = detectFormat(contents)
  if (!format) throw new StudioError('image/unsupported', `'${path}' is not an image that can be read.`, { path })
  return format === 'bmp' ? openBitmap(path, contents) : openWithVips(path, contents, format)
}

async function openWithVips(path: string, bytes: Uint8Array, format: ImageFormat): Promise<OpenImage> {
  // The limit is ours, checked below, so that the error names the size. 'error' lets benign warnings of old cameras pass.
  const pipeline = (): Sharp => sharp(bytes, { failOn: 'error', limitInputPixels: false, autoOrient: true })
  const { width, height } = (await decoding(path, () => pipeline().metadata())).autoOrient
  checkSize(path, width, height)
  return { path, width, height, format, pipeline }
}

function openBitmap(path: string, bytes: Uint8Array): OpenImage {
  try {
    const header = readBitmapHeader(bytes)
    checkSize(path, header.width, header.height)
    const { width, height, channels, data } = decodeBitmap(bytes)
    const pipeline = (): Sharp => sharp(data, { raw: { width, height, channels } })
    return { path, width, height, format: 'bmp', pipeline }
  } catch (error) {
    if (error instanceof BitmapError) throw corrupt(path, error.message, error)
    throw error
  }
}

function checkSize(path: string, width: number, height: number): void {
  if (width * height <= MAX_PIXELS) return
  const megapixels = Math.round((width * height) / 1e6)
  throw new StudioError('image/too-large', `'${path}' has ${width} × ${height} pixels, ${megapixels} megapixels.`, {
    path,
    width,
    height
  })
}

/** Runs a step of libvips; whatever it throws means that the file is damaged. */
export async function decoding<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw corrupt(path, error instanceof Error ? error.message.split('\n')[0]! : String(error), error)
  }
}

const corrupt = (path: string, why: string, cause: unknown): StudioError =>
  new StudioError('image/corrupt', `'${path}' cannot be decoded: ${why}.`, { path, why }, { cause })

const FILE_ERRORS: Record<string, ErrorCode> = {
  ENOENT: 'image/not-found',
  ENOTDIR: 'image/not-found',
  EACCES: 'image/unreadable',
  EPERM: 'image/unreadable',
  EISDIR: 'image/unsupported'
}

/** @throws StudioError image/not-found, unreadable, unsupported (a folder), corrupt (the drive fails) */
export async function readImageFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new StudioError(FILE_ERRORS[code] ?? 'image/unreadable', `'${path}' cannot be read: ${message}.`, { path })
  }
}
