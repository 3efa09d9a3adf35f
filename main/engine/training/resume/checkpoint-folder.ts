/**
 * The checkpoints of one run: the two newest, so that a torn one costs no more than the steps since the one before, and the beginning
 * of the phase, which is what is left when both are torn.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import { readCheckpointFile, writeCheckpointFile, type Checkpoint } from './checkpoint-file'

const KEPT = 2
const NAME = /^state-(\d{9})\.safetensors$/
const PHASE_NAME = 'phase.safetensors'

export interface FoundCheckpoint {
  /** Null: nothing to go on from. */
  checkpoint: Checkpoint | null
  /** Files that could not be used, newest first, each with why. */
  damaged: { file: string; why: string }[]
}

export class CheckpointFolder {
  private next = 1

  constructor(private readonly directory: string) {}

  /** Forgets what a run that begins anew left there before. Where the disk does not let it, writing will say so. */
  async clear(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true }).catch(() => undefined)
  }

  /** The newest checkpoint that is whole. */
  async newest(): Promise<FoundCheckpoint> {
    const numbers = await this.numbers()
    this.next = Math.max(0, ...numbers) + 1
    const files = numbers.sort((a, b) => b - a).map((number) => this.file(number))
    const damaged: FoundCheckpoint['damaged'] = []
    for (const file of [...files, join(this.directory, PHASE_NAME)]) {
      try {
        return { checkpoint: await readCheckpointFile(file), damaged }
      } catch (error) {
        if (!(error instanceof StudioError)) throw error
        // A phase's beginning is written from the second phase on.
        if (file.endsWith(PHASE_NAME) && isMissing(error.cause)) continue
        damaged.push({ file, why: String(error.details['why']) })
      }
    }
    return { checkpoint: null, damaged }
  }

  /** @returns milliseconds for which this thread did nothing else. @throws whatever the file system says */
  async write(checkpoint: Checkpoint): Promise<number> {
    await mkdir(this.directory, { recursive: true })
    const number = this.next++
    const busyMs = await writeCheckpointFile(this.file(number), checkpoint)
    const old = (await this.numbers()).filter((other) => other <= number - KEPT)
    await Promise.all(old.map((other) => rm(this.file(other), { force: true })))
    return busyMs
  }

  /** What a new phase begins with; checkpoints of the phase before are of no use then. @throws as `write` */
  async beginPhase(checkpoint: Checkpoint): Promise<void> {
    await mkdir(this.directory, { recursive: true })
    await writeCheckpointFile(join(this.directory, PHASE_NAME), checkpoint)
    const old = await this.numbers()
    await Promise.all(old.map((number) => rm(this.file(number), { force: true })))
  }

  private async numbers(): Promise<number[]> {
    const names = await readdir(this.directory).catch(() => [])
    return names.flatMap((name) => NAME.exec(name)?.slice(1).map(Number) ?? [])
  }

  private file(number: number): string {
    return join(this.directory, `state-${String(number).padStart(9, '0')}.safetensors`)
  }
}

const isMissing = (cause: unknown): boolean => (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
