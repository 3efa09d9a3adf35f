/** A folder of labelled pictures as the doctor is given it: read, split and with thumbnails, without a studio. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readImage } from '../../../main/engine/importing/read-image'
import { stratifiedSplit } from '../../../main/services/datasets/split'
import type { LabelledImage } from '../../../shared/worker-protocol/train'

/** Of a class, so that the suite ends today. */
const MOST_OF_A_CLASS = 60

export interface SuiteDataset {
  name: string
  root: string
  classes: string[]
  thumbnails: string
  /** Split with the seed. */
  images(seed: number): LabelledImage[]
}

interface Read {
  path: string
  hash: string
  label: string
}

/** @param labels null: all of its folders */
export async function readDataset(
  name: string,
  root: string,
  labels: readonly string[] | null,
  thumbnails: string
): Promise<SuiteDataset> {
  await mkdir(thumbnails, { recursive: true })
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const classes = folders
    .map((folder) => folder.name)
    .filter((label) => !labels || labels.includes(label))
    .sort()
  const read: Read[] = []
  for (const label of classes) {
    const files = (await readdir(join(root, label))).sort().slice(0, MOST_OF_A_CLASS)
    for (const file of files) {
      const path = `${label}/${file}`
      const facts = await readImage(root, path, thumbnails, undefined).catch(() => null)
      if (facts) read.push({ path, hash: facts.hash, label })
    }
  }
  return {
    name,
    root,
    classes,
    thumbnails,
    images(seed) {
      const splits = stratifiedSplit(
        read.map((image) => ({ ...image, split: null })),
        seed
      )
      return read.map(({ path, hash, label }, index) => ({
        id: index + 1,
        path,
        hash,
        classIndex: classes.indexOf(label),
        split: splits.get(path)!
      }))
    }
  }
}
