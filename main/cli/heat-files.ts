/** Where a run looked, as a picture file for each picture. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { HeatMethod } from '@shared/domain/heat'
import { StudioError } from '@shared/errors'
import type { CommandContext } from './session'

export interface HeatFiles {
  runId: string
  /** `file` is relative to what was asked about; its map lies under the same name, with `.heat.png` behind it. */
  pictures: readonly { file: string; path: string }[]
  directory: string
  method: HeatMethod
}

export interface WrittenHeatMap {
  file: string
  label: string
  probability: number
  heat: string
  /** What was really done. */
  method: HeatMethod
  note: string | null
}

/** @throws StudioError export/failed when a file cannot be written, job/cancelled after an interrupt */
export async function writeHeatMaps(
  { studio, onInterrupt }: CommandContext,
  { runId, pictures, directory, method: wanted }: HeatFiles
): Promise<WrittenHeatMap[]> {
  const leaving = new AbortController()
  onInterrupt(() => leaving.abort())
  const written: WrittenHeatMap[] = []
  for (const { file, path } of pictures) {
    const asked = { runId, source: { path }, classIndex: null, method: wanted, overlay: true }
    const { overlay, classLabel, probability, method, note } = await studio.looks.heatMap(asked, leaving.signal)
    const heat = join(directory, `${file}.heat.png`)
    await write(heat, Buffer.from(overlay!.slice(overlay!.indexOf(',') + 1), 'base64'))
    written.push({ file, label: classLabel, probability, heat, method, note })
  }
  return written
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('export/failed', `${file} cannot be written: ${why}.`, { file }, { cause })
  }
}
