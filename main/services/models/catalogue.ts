/** Folders of backbones: each backbone is a folder, described by its `backbone.json`. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backboneDescriptionSchema, type BackboneDescription } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'

export const DESCRIPTION_FILE = 'backbone.json'

/**
 * In the order of what they cost for one image; those that do not tell come last. A hidden folder is one that is being made.
 *
 * @param onBroken told of a description that cannot be read; without it the first such one is thrown
 * @throws StudioError backbone/corrupt when a description cannot be read
 */
export async function readCatalogue(
  directory: string,
  onBroken?: (error: StudioError) => void
): Promise<BackboneDescription[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name)
  const backbones: BackboneDescription[] = []
  for (const name of folders) {
    try {
      backbones.push(await readDescription(directory, name))
    } catch (error) {
      if (!onBroken || !(error instanceof StudioError)) throw error
      onBroken(error)
    }
  }
  return backbones.sort((a, b) => cost(a) - cost(b) || a.name.localeCompare(b.name))
}

const cost = ({ multiplyAdds }: BackboneDescription): number => multiplyAdds ?? Number.MAX_SAFE_INTEGER

/** @throws StudioError backbone/corrupt */
async function readDescription(directory: string, id: string): Promise<BackboneDescription> {
  const file = join(directory, id, DESCRIPTION_FILE)
  try {
    const description = backboneDescriptionSchema.parse(JSON.parse(await readFile(file, 'utf8')))
    if (description.id !== id) throw new Error(`its id is '${description.id}', its folder '${id}'`)
    return description
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('backbone/corrupt', `The description ${file} cannot be read: ${why}`, { file, id }, { cause })
  }
}
