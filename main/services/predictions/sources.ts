/** The file behind a picture that somebody asks about. */
import { stat } from 'node:fs/promises'
import type { PictureSource } from '@shared/domain/heat'
import { StudioError } from '@shared/errors'
import type { Upload, UploadsService } from './uploads'

export interface SourcesContext {
  uploads: Pick<UploadsService, 'get'>
  /** @throws StudioError image/not-found, dataset/folder-missing */
  imageFile(imageId: number): Promise<{ path: string }>
}

/** @returns the file, and its name as the user knows it @throws StudioError image/not-found, dataset/folder-missing */
export async function pictureFile(
  { uploads, imageFile }: SourcesContext,
  source: PictureSource
): Promise<Pick<Upload, 'path' | 'name'>> {
  if ('uploadId' in source) return uploads.get(source.uploadId)
  const { path } = 'imageId' in source ? await imageFile(source.imageId) : source
  const info = await stat(path).catch(() => null)
  if (!info?.isFile()) throw new StudioError('image/not-found', `There is no file at ${path}.`, { path })
  return { path, name: path.split(/[\\/]/).at(-1)! }
}
