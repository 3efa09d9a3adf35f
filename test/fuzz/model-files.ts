/** The small models of test/fixtures/models as seeds. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { detectAndRead } from '../../main/engine/backbones/readers/index'
import type { Files, Seed } from './target'

/** Below the project, where the built program lies too: out/test/fuzz and its folders. */
const MODELS = join(process.argv[1]!, '../../../../test/fixtures/models')

export const model = (name: string): string => join(MODELS, name)

export async function fileSeed(name: string): Promise<Seed> {
  return { files: { [name]: await readFile(model(name)) }, entry: name }
}

export async function folderSeed(name: string): Promise<Seed> {
  const files: Files = {}
  for (const file of await readdir(model(name))) files[file] = await readFile(join(model(name), file))
  return { files, entry: '' }
}

export const readModel = detectAndRead
