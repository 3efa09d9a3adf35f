/**
 * The folder of the imported backbones, one folder each. What is being made or taken away lies in hidden folders that bear
 * the id of their process: a backbone is there as a whole or not at all, and what a crash left behind is recognised.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backboneDescriptionSchema, type BackboneDescription } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import { DESCRIPTION_FILE } from './catalogue'

/** Where one import works. */
export interface Workplace {
  /** Holds the backbone's folder while it is being written. */
  backbone: string
  /** For whatever is needed on the way. */
  scratch: string
  /** Removes both. */
  clear(): Promise<void>
}

const HIDDEN = /^\.(?:making|removing)-(\d+)-/

export class Shelf {
  constructor(
    readonly directory: string,
    private readonly isAlive: (pid: number) => boolean
  ) {}

  /** Removes what processes left behind that are gone. */
  async clean(): Promise<void> {
    for (const name of await readdir(this.directory).catch(() => [])) {
      const pid = HIDDEN.exec(name)?.[1]
      if (pid && Number(pid) !== process.pid && !this.isAlive(Number(pid))) await remove(join(this.directory, name))
    }
  }

  /** @throws StudioError store/disk-full, store/unwritable */
  async workplace(): Promise<Workplace> {
    const folder = this.hidden('making')
    const place = { backbone: join(folder, 'backbone'), scratch: join(folder, 'scratch') }
    try {
      await mkdir(place.backbone, { recursive: true })
      await mkdir(place.scratch)
    } catch (error) {
      await remove(folder).catch(() => undefined)
      throw this.unwritable(error as NodeJS.ErrnoException)
    }
    return { ...place, clear: () => remove(folder) }
  }

  /**
   * Takes over what a worker wrote. Id and name are those it proposes, or those with a number when they are taken.
   *
   * @param present the backbones there are
   * @throws StudioError backbone/corrupt when it is no backbone, store/disk-full, store/unwritable
   */
  async put(folder: string, present: readonly BackboneDescription[]): Promise<BackboneDescription> {
    const proposed = await readDescription(folder)
    for (let number = 1; ; number++) {
      const [id, name] =
        number === 1 ? [proposed.id, proposed.name] : [`${proposed.id}-${number}`, `${proposed.name} ${number}`]
      if (present.some((other) => other.id === id || isSameName(other.name, name))) continue
      const description = { ...proposed, id, name }
      try {
        await writeFile(join(folder, DESCRIPTION_FILE), describe(description))
        await rename(folder, join(this.directory, id))
        return description
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException
        // Another process was faster; a folder is never written over.
        const occupied = code === 'ENOTEMPTY' || code === 'EEXIST' || (code === 'EPERM' && (await this.has(id)))
        if (!occupied) throw this.unwritable(cause as NodeJS.ErrnoException)
      }
    }
  }

  /** The description as a whole, or the former one. @throws StudioError store/disk-full, store/unwritable */
  async describe(description: BackboneDescription): Promise<void> {
    const file = join(this.directory, description.id, DESCRIPTION_FILE)
    const partial = `${file}.${process.pid}.tmp`
    try {
      await writeFile(partial, describe(description))
      await rename(partial, file)
    } catch (cause) {
      await rm(partial, { force: true })
      throw this.unwritable(cause as NodeJS.ErrnoException)
    }
  }

  /** Out of sight at once, then gone. @throws StudioError store/unwritable */
  async remove(id: string): Promise<void> {
    const folder = this.hidden('removing')
    await rename(join(this.directory, id), folder).catch((cause: NodeJS.ErrnoException) => {
      throw this.unwritable(cause)
    })
    await remove(folder)
  }

  private async has(id: string): Promise<boolean> {
    return (await readdir(this.directory).catch((): string[] => [])).includes(id)
  }

  private hidden(what: 'making' | 'removing'): string {
    return join(this.directory, `.${what}-${process.pid}-${randomBytes(4).toString('hex')}`)
  }

  private unwritable(cause: NodeJS.ErrnoException): StudioError {
    const full = cause.code === 'ENOSPC' || cause.code === 'EDQUOT'
    const message = `The folder of the backbones '${this.directory}' cannot be written: ${cause.message}.`
    return new StudioError(
      full ? 'store/disk-full' : 'store/unwritable',
      message,
      { folder: this.directory },
      { cause }
    )
  }
}

/** Names are looked up without regard to case. */
export const isSameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const describe = (description: BackboneDescription): string => `${JSON.stringify(description, null, 2)}\n`
const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true })

async function readDescription(folder: string): Promise<BackboneDescription> {
  try {
    const description = backboneDescriptionSchema.parse(
      JSON.parse(await readFile(join(folder, DESCRIPTION_FILE), 'utf8'))
    )
    if (!/^[a-z\d][\w.-]*$/i.test(description.id)) throw new Error(`'${description.id}' is no id`)
    return description
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('backbone/corrupt', `What was written is no backbone: ${why}`, {}, { cause })
  }
}
