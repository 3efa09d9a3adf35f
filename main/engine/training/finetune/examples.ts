/** Training examples by what they are of: threads make them, and what is decoded once is found on disk afterwards. */
import type { LabelledImage } from '@shared/worker-protocol/train'
import type { AugmentStep } from '../../data/augment/steps'
import { openDecodedCache, type DecodedCache } from '../../data/decoded/decoded-cache'
import type { Example, ExampleSettings, ExampleTask } from '../../data/example'
import { ExamplePool } from '../../data/example-pool'

export interface ExamplesOptions {
  settings: Omit<ExampleSettings, 'decoded'>
  /** Those that will be asked for. */
  images: readonly (readonly LabelledImage[])[]
  threads: number
  /** Folder of decoded pictures; null: none are kept. */
  directory: string | null
  limitBytes?: number
  onNotice: (text: string) => void
}

export interface Examples {
  /**
   * @param hash SHA-256 of the file at `path`, hexadecimal.
   * @throws StudioError image/*, job/cancelled when it is closed meanwhile
   */
  make(hash: string, path: string, steps: readonly AugmentStep[]): Promise<Example['values']>
  close(): Promise<void>
}

export async function openExamples(options: ExamplesOptions): Promise<Examples> {
  const { settings, directory, onNotice, threads } = options
  const cache = directory === null ? null : await openCache(options, directory)
  const decoded = cache && { folder: cache.folder, pixelBytes: cache.pixelBytes }
  const pool = new ExamplePool({
    settings: { ...settings, decoded },
    threads,
    onFallback: (reason) => onNotice(`Pictures are decoded and augmented between the training steps: ${reason}.`)
  })

  let keeping = true
  function take(task: ExampleTask, { damaged, kept, refused }: Example): void {
    if (!cache) return
    if (damaged) cache.forget(task.hash)
    if (task.keep) cache.keep(task.hash, kept)
    if (refused === null || !keeping) return
    keeping = false
    cache.stop()
    onNotice(`Decoded pictures are not kept any more: ${refused}.`)
  }

  return {
    async make(hash, path, steps) {
      const place = cache?.placeOf(hash) ?? null
      const task = { path, hash, steps, place, keep: place === null && (cache?.reserve() ?? false) }
      try {
        const example = await pool.make(task)
        take(task, example)
        return example.values
      } catch (error) {
        if (task.keep) cache?.keep(hash, null)
        throw error
      }
    },
    close: () => pool.close()
  }
}

async function openCache(
  { settings: { contract, margin }, images, limitBytes, onNotice }: ExamplesOptions,
  directory: string
): Promise<DecodedCache | null> {
  function* hashes(): Generator<string> {
    for (const list of images) for (const { hash } of list) yield hash
  }
  try {
    return await openDecodedCache({ directory, contract, margin, hashes: hashes(), limitBytes })
  } catch (error) {
    onNotice(`Decoded pictures are not kept: ${error instanceof Error ? error.message : String(error)}.`)
    return null
  }
}
