/** Pictures as they are found twice in the wild: another size, another format. */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as SharpModule from 'sharp'

/** @returns the copies, in order */
export async function copyPictures(files: readonly string[], folder: string): Promise<string[]> {
  const sharp = createRequire(import.meta.url)('sharp') as typeof SharpModule.default
  await mkdir(folder, { recursive: true })
  const copies: string[] = []
  for (const file of files) {
    const copy = join(folder, `${createHash('sha256').update(file).digest('hex').slice(0, 16)}.jpg`)
    const { width = 64, height = 64 } = await sharp(file).metadata()
    await sharp(file)
      .flatten({ background: '#fff' })
      .resize(Math.round(width * 0.8), Math.round(height * 0.8), { fit: 'fill' })
      .jpeg({ quality: 85 })
      .toFile(copy)
    copies.push(copy)
  }
  return copies
}
