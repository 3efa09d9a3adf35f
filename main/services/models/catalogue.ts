/** The backbones that ship with the studio: a folder each, described by its `backbone.json`. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backboneDescriptionSchema, type BackboneDescription } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'

/** In the order of their size. @throws StudioError backbone/corrupt when a description cannot be read */
export async function readCatalogue(directory: string): Promise<BackboneDescription[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const backbones = await Promise.all(folders.map((name) => readDescription(join(directory, name, 'backbone.json'))))
  return backbones.sort((a, b) => a.multiplyAdds - b.multiplyAdds)
}

async function readDescription(file: string): Promise<BackboneDescription> {
  try {
    return backboneDescriptionSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('backbone/corrupt', `The description ${file} cannot be read: ${why}`, { file }, { cause })
  }
}
