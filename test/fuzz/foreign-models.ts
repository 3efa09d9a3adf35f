/** The models of test/fixtures/foreign-models as seeds. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { detectAndRead } from '../../main/engine/backbones/readers/index'
import type { Files } from './target'

/** Below the project, where the built program lies too: out/test/fuzz and its folders. */
const MODELS = join(process.argv[1]!, '../../../../test/fixtures/foreign-models')

export const foreignFile = (name: string): Promise<Buffer> => readFile(join(MODELS, name))

/** By their paths below the folder. */
export async function foreignFolder(name: string): Promise<Files> {
  const files: Files = {}
  for (const entry of await readdir(join(MODELS, name), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files[path.slice(join(MODELS, name).length + 1).replaceAll('\\', '/')] = await readFile(path)
  }
  return files
}

/** As an import reads a model: every file that would be kept, too. */
export async function readWhole(path: string): Promise<void> {
  const model = await detectAndRead(path)
  for (const { content } of model.opaque?.files ?? []) await content()
}
