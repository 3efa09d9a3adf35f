/** The pictures that the benchmarks work on, made once and kept in the cache folder. */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { benchCache } from './contenders.ts'

const SAMPLE = join(import.meta.dirname, '../../resources/sample')

export interface Photos {
  count: number
  width: number
  height: number
  /** Above 1: a sub-folder for each class, as an import wants them. */
  classes?: number
}

/**
 * JPEGs in one folder: pictures of the sample, enlarged over noise, so that they compress about as photographs do. A class is a
 * class of the sample.
 * @returns the folder
 */
export async function photos({ count, width, height, classes = 1 }: Photos): Promise<string> {
  const name = `photos-${width}x${height}${count === 500 ? '' : `-${count}`}${classes > 1 ? `-${classes}-classes` : ''}`
  return once(name, async (folder) => {
    const labels = classes > 1 ? (await sampleLabels()).slice(0, classes) : await sampleLabels()
    const sources = await Promise.all(labels.map(samplePaths))
    const side = Math.round(height * 0.92)
    for (let index = 0; index < count; index++) {
      const label = index % sources.length
      const source = sources[label]![Math.floor(index / sources.length) % sources[label]!.length]!
      const noise = { type: 'gaussian' as const, mean: 128, sigma: 12 }
      const background = sharp({ create: { width, height, channels: 3, background: '#808080', noise } })
      const picture = await sharp(source).resize(side, side).png().toBuffer()
      const place = classes > 1 ? join(folder, labels[label]!) : folder
      await mkdir(place, { recursive: true })
      await background
        .composite([{ input: picture, left: (index * 37) % (width - side), top: Math.round((height - side) / 2) }])
        .jpeg({ quality: 88 })
        .toFile(join(place, `${String(index).padStart(4, '0')}.jpg`))
    }
  })
}

/** The sample in one folder, each file under a name of its own. */
export async function sampleInOneFolder(): Promise<string> {
  return once('sample', async (folder) => {
    const paths = (await Promise.all((await sampleLabels()).map(samplePaths))).flat().sort()
    for (const [index, path] of paths.entries()) await copyFile(path, join(folder, `${index}.png`))
  })
}

async function sampleLabels(): Promise<string[]> {
  const entries = await readdir(SAMPLE, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

async function samplePaths(label: string): Promise<string[]> {
  return (await readdir(join(SAMPLE, label))).sort().map((file) => join(SAMPLE, label, file))
}

/** A folder under the cache, complete or not there. */
async function once(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(benchCache(), name)
  if (existsSync(folder)) return folder
  const draft = `${folder}.${process.pid}`
  await mkdir(draft, { recursive: true })
  await fill(draft)
  await rename(draft, folder)
  return folder
}
