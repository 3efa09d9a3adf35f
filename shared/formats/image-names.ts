/** Which files are images by their name. Whether they are by their content is for the decoder to say. */

/** Formats that are read. */
const READ = ['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'gif', 'bmp', 'dib', 'tif', 'tiff', 'avif']
/** Formats that are not: a person who put such a file there wants to hear that it was left out, and why. */
const NOT_READ = [
  'heic',
  'heif',
  'hif',
  'jxl',
  'jp2',
  'j2k',
  'svg',
  'ico',
  'psd',
  'tga',
  'dng',
  'cr2',
  'cr3',
  'nef',
  'arw'
]

const EXTENSIONS = new Set([...READ, ...NOT_READ])

/** @param name a file's name, or its path. */
export function isImageName(name: string): boolean {
  const dot = name.lastIndexOf('.')
  return dot > 0 && EXTENSIONS.has(name.slice(dot + 1).toLowerCase())
}

/** Hidden by the custom of Unix, or by what archives and network drives leave behind beside the pictures. */
export function isHiddenName(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX' || name === '@eaDir' || name === '$RECYCLE.BIN'
}
