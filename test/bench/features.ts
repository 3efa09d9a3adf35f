/** From image files to cached features, end to end, against Keras with tf.data: the sample's PNGs, and JPEGs of a camera's size. */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { benchCache, ownProgram, pythonPeer, takeTurns } from './contenders.ts'
import { median, row, type BenchRow } from './rows.ts'

const RESOURCES = join(import.meta.dirname, '../../resources')
const BACKBONES = join(RESOURCES, 'backbones')
const PHOTOS = 500
const THREADS = 2

export async function bench(): Promise<BenchRow[]> {
  const sets = [
    { name: `${PHOTOS} JPEGs of 640 × 480`, folder: await photos() },
    { name: "the sample's PNGs", folder: await sample() }
  ]
  const rows: BenchRow[] = []
  for (const { name, folder } of sets) {
    const own = await ownProgram('features', [BACKBONES, folder, String(THREADS)])
    const keras = await pythonPeer('features.py', [join(BACKBONES, 'efficientnet-lite0'), folder, String(THREADS)])
    const [ours, theirs] = await takeTurns([own, keras], { warmUp: 1, rounds: 3 })
    await Promise.all([own.end(), keras.end()])
    const rate = (answers: Record<string, number>[]): number =>
      median(answers.map((answer) => answer['imagesPerSecond']!))
    rows.push(
      row(
        `features of ${name}, files to cache`,
        'images/s',
        rate(ours!),
        { name: 'Keras + tf.data', value: rate(theirs!) },
        { ratioAtLeast: 1.8 }
      )
    )
  }
  return rows
}

/** Made once: pictures of the sample, enlarged over noise, so that they compress about as photographs do. */
async function photos(): Promise<string> {
  return once('photos-640x480', async (folder) => {
    const sources = await samplePaths()
    for (let index = 0; index < PHOTOS; index++) {
      const noise = { type: 'gaussian' as const, mean: 128, sigma: 12 }
      const background = sharp({ create: { width: 640, height: 480, channels: 3, background: '#808080', noise } })
      const picture = await sharp(sources[index % sources.length]!)
        .resize(440, 440)
        .png()
        .toBuffer()
      const left = (index * 37) % 200
      await background
        .composite([{ input: picture, left, top: 20 }])
        .jpeg({ quality: 88 })
        .toFile(join(folder, `${String(index).padStart(4, '0')}.jpg`))
    }
  })
}

/** The sample in one folder, each file under a name of its own. */
async function sample(): Promise<string> {
  return once('sample', async (folder) => {
    for (const [index, path] of (await samplePaths()).entries()) await copyFile(path, join(folder, `${index}.png`))
  })
}

async function samplePaths(): Promise<string[]> {
  const root = join(RESOURCES, 'sample')
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const paths = await Promise.all(
    folders.map(async ({ name }) => (await readdir(join(root, name))).map((file) => join(root, name, file)))
  )
  return paths.flat().sort()
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
