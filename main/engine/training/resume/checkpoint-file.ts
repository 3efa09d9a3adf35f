/**
 * One checkpoint on disk: a safetensors file whose metadata holds the run's state as JSON, and whose last tensor is the SHA-256 of
 * every byte before it. A file that was cut short, or in which one bit has changed, is not taken for a checkpoint.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { StudioError } from '@shared/errors'
import { decodeSafetensors, safetensorsHeader, type SafeTensor } from '@shared/formats/safetensors'
import { runStateSchema, type RunState } from './run-state'

export interface Checkpoint {
  state: RunState
  tensors: Map<string, SafeTensor>
}

const DIGEST = 'sha256'
const DIGEST_BYTES = 32
const FORMAT = 'whetstone-run-state'

/**
 * Written beside, flushed to the disk, then renamed: the file is there whole or not at all.
 *
 * @returns milliseconds for which this thread did nothing else
 * @throws whatever the file system says
 */
export async function writeCheckpointFile(file: string, { state, tensors }: Checkpoint): Promise<number> {
  const temporary = `${file}.part`
  let busyMs = 0
  const timed = <T>(work: () => T): T => {
    const startedAt = performance.now()
    const result = work()
    busyMs += performance.now() - startedAt
    return result
  }
  try {
    const handle = await open(temporary, 'w')
    try {
      const hash = createHash('sha256')
      const write = async (bytes: Uint8Array): Promise<void> => {
        timed(() => hash.update(bytes))
        await handle.write(bytes)
      }
      const placeholder: SafeTensor = { shape: [DIGEST_BYTES], data: new Uint8Array(DIGEST_BYTES) }
      const all = new Map([...tensors, [DIGEST, placeholder] as const])
      await write(timed(() => safetensorsHeader(all, { format: FORMAT, state: JSON.stringify(state) })))
      for (const { data } of tensors.values()) {
        if (data.byteLength > 0) await write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      }
      await handle.write(hash.digest())
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
    await syncFolder(file)
    return busyMs
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}

/** @throws StudioError run/checkpoint-damaged */
export async function readCheckpointFile(file: string): Promise<Checkpoint> {
  const damaged = (why: string, cause?: unknown): StudioError =>
    new StudioError(
      'run/checkpoint-damaged',
      `The checkpoint ${file} cannot be used: ${why}.`,
      { file, why },
      { cause }
    )
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error), error)
  }
  const end = bytes.length - DIGEST_BYTES
  if (end < 0) throw damaged('it is cut short')
  const digest = createHash('sha256').update(bytes.subarray(0, end)).digest()
  if (!timingSafeEqual(digest, bytes.subarray(end))) throw damaged('its content is not what its hash says')
  try {
    const { tensors, metadata } = decodeSafetensors(bytes)
    tensors.delete(DIGEST)
    return { state: runStateSchema.parse(JSON.parse(metadata['state'] ?? '')), tensors }
  } catch (error) {
    // Whole, but not this version's: of another Whetstone.
    throw damaged('it was not written by this version', error)
  }
}

/** The new name outlives a power cut only once the folder is on the disk too. Windows has no such thing. */
async function syncFolder(file: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(file.slice(0, file.lastIndexOf('/')) || '/', 'r')
  try {
    await folder.sync()
  } catch {
    // Some network file systems refuse; the rename stands all the same.
  } finally {
    await folder.close()
  }
}
