/**
 * A run that is to begin where another one had its best epoch. The other one may still be ending when this one is made, so that its
 * weights are taken when the turn of this one has come, and kept in its folder: it can be resumed when the other one is gone.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Run } from '@shared/domain/run'
import type { TrainJob } from '@shared/worker-protocol/train'
import type { RunPaths } from './context'
import { runDirectory } from './train-job'

const NOTE_FILE = 'start-from.json'
const WEIGHTS_FILE = 'start.safetensors'
/** What a run leaves: of one that came to its end, and of one that went wrong. */
const LEFT_FILES = ['checkpoint.safetensors', 'rescued.safetensors']

const noteSchema = z.object({ runId: z.string(), name: z.string(), datasetHash: z.string() })

export type StartingPoint = Pick<Run, 'id' | 'name' | 'datasetHash'>

/** Notes it in the folder of the run that begins. */
export async function noteStart(paths: RunPaths, runId: string, from: StartingPoint): Promise<void> {
  const directory = runDirectory(paths, runId)
  await mkdir(directory, { recursive: true })
  const { id, name, datasetHash } = from
  await writeFile(join(directory, NOTE_FILE), JSON.stringify({ runId: id, name, datasetHash }))
}

/** What was noted, with the weights; null: nothing was. @param run that begins */
export async function takeStart(paths: RunPaths, run: Pick<Run, 'id' | 'datasetHash'>): Promise<TrainJob['startFrom']> {
  const directory = runDirectory(paths, run.id)
  const text = await readFile(join(directory, NOTE_FILE), 'utf8').catch(() => null)
  if (text === null) return null
  const from = noteSchema.parse(JSON.parse(text))
  const file = join(directory, WEIGHTS_FILE)
  if (!existsSync(file)) {
    const left = LEFT_FILES.map((name) => join(runDirectory(paths, from.runId), name)).find(existsSync)
    // On other images their validation loss would be another one.
    if (!left || from.datasetHash !== run.datasetHash) return { name: from.name, file: null }
    await copyFile(left, file)
  }
  return { name: from.name, file }
}
