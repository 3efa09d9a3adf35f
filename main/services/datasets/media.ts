/** The files behind an image's id. Nothing is given out that does not lie in the folder of an imported dataset. */
import { access, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { StudioError } from '@shared/errors'
import type { DatasetStore } from '../../store/store'

const notFound = (imageId: number, why: string): StudioError =>
  new StudioError('image/not-found', `The image ${imageId} ${why}.`, { imageId })

/**
 * The original of an image that a dataset holds now.
 *
 * @returns an absolute path without links, and the format by content ('jpeg', 'png' …).
 * @throws StudioError image/not-found, dataset/folder-missing
 */
export async function imageFile(store: DatasetStore, imageId: number): Promise<{ path: string; format: string }> {
  const image = await store.image(imageId)
  const dataset = image && (await store.get(image.datasetId))
  if (!dataset) throw notFound(imageId, 'is in no dataset')
  const root = await realpath(dataset.root).catch(() => {
    throw new StudioError('dataset/folder-missing', `The folder '${dataset.root}' is not there.`, {
      root: dataset.root
    })
  })
  const path = await realpath(join(root, image.path)).catch(() => {
    throw notFound(imageId, `is not there any more: '${image.path}'`)
  })
  // The file may have become a link since the import.
  const way = relative(root, path)
  if (isAbsolute(way) || way === '..' || way.startsWith(`..${sep}`)) {
    throw notFound(imageId, `leads out of its dataset's folder: '${image.path}'`)
  }
  return { path, format: image.format }
}

/**
 * The thumbnail of an image that a dataset holds or that a run's predictions still show: a WebP of ours, by content.
 * @throws StudioError image/not-found
 */
export async function thumbnailFile(store: DatasetStore, directory: string, imageId: number): Promise<string> {
  const hash = await store.imageHash(imageId)
  // A hash is the name of a file here: nothing else than hex may become a path.
  if (!hash || !/^[0-9a-f]{64}$/.test(hash)) throw notFound(imageId, 'is in no dataset')
  const path = join(directory, hash.slice(0, 2), `${hash}.webp`)
  await access(path).catch(() => {
    throw notFound(imageId, 'has lost its thumbnail; importing the folder again makes it anew')
  })
  return path
}
