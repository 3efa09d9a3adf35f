/** The files of a model that is run as it came, laid out so that its runtime can open them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import type { ModelPorts } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import type { Executor, FrozenNetwork } from '../../executors/executor'
import { FOREIGN_FILES } from '../load-backbone'
import type { OpaqueFile } from '../readers/imported-model'

/** @param folder made anew @throws StudioError backbone/corrupt when a file would lie outside it, and what the reader throws */
export async function layOut(files: readonly OpaqueFile[], folder: string): Promise<void> {
  for (const file of files) {
    const path = join(folder, safePath(file.path))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, await file.content())
  }
}

/** Readers refuse paths that climb; what is written is looked at once more here. */
function safePath(path: string): string {
  const normal = posix.normalize(path)
  if (!posix.isAbsolute(normal) && !normal.startsWith('..') && !/[\\:\0]/.test(normal)) return normal
  throw new StudioError('backbone/corrupt', `The model holds a file '${path}', which would lie outside its folder.`, {
    path
  })
}

export interface OpaqueModel {
  form: 'onnx' | 'saved-model'
  /** Where `layOut` has put its files. */
  folder: string
  ports: ModelPorts
  name: string
  size: number
}

/** @throws StudioError device/no-executor, backbone/corrupt */
export async function openOpaque(model: OpaqueModel, executor: Executor): Promise<FrozenNetwork> {
  const { form, folder, ports, name, size } = model
  const network = await executor.loadFile?.({ form, name, path: join(folder, FOREIGN_FILES[form]), ports, size })
  if (network) return network
  throw new StudioError('device/no-executor', `'${name}' (${form}) does not run on ${executor.id}.`, { form })
}
