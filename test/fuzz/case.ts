/** One case: a seed changed by its number, written to a folder of its own, and read. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createRandom } from '@shared/random'
import { mutate } from './mutate'
import type { FuzzTarget, Seed } from './target'

/** Bytes of memory that a process may ever have held: the files are of a few kilobytes. */
const MAX_MEMORY = 1.5 * 2 ** 30

export interface Box {
  /** The case's own folder. */
  scratch: string
  /** Folders around it, with the names that belong there: anything else was left behind. */
  around: Map<string, readonly string[]>
}

export interface CaseResult {
  /** 'read', or the code of the error that refused the file; null where it ended with neither. */
  outcome: string | null
  /** What went wrong, or null. */
  failure: string | null
}

export async function runCase(
  target: FuzzTarget,
  seeds: readonly Seed[],
  number: number,
  box: Box
): Promise<CaseResult> {
  const random = createRandom(number)
  const seed = seeds[random.int(seeds.length)]!
  const names = Object.keys(seed.files)
  const files = { ...seed.files }
  for (let count = 1 + random.int(Math.min(2, names.length)); count > 0; count--) {
    const name = names[random.int(names.length)]!
    files[name] = mutate(name, files[name]!, random)
  }
  const written = seed.assemble ? seed.assemble(files) : files
  for (const [name, bytes] of Object.entries(written)) {
    await mkdir(dirname(join(box.scratch, name)), { recursive: true })
    await writeFile(join(box.scratch, name), bytes)
  }
  const before = mostMemory()
  const { outcome, failure } = await resultOf(() => target.read(join(box.scratch, seed.entry)))
  const left = await leftOutside(box)
  await rm(box.scratch, { recursive: true, force: true })
  await mkdir(box.scratch)
  const memory = mostMemory()
  // The most that was ever held: later cases are not at fault for it.
  const greed = memory > MAX_MEMORY && memory > before ? `it held ${Math.round(memory / 2 ** 20)} MB of memory` : null
  return { outcome, failure: failure ?? left ?? greed }
}

const mostMemory = (): number => process.resourceUsage().maxRSS * 1024

async function resultOf(read: () => Promise<unknown>): Promise<CaseResult> {
  try {
    await read()
    return { outcome: 'read', failure: null }
  } catch (error) {
    if (error instanceof Error && error.name === 'StudioError' && 'code' in error && error.code !== 'internal') {
      return { outcome: String(error.code), failure: null }
    }
    return { outcome: null, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

async function leftOutside({ around }: Box): Promise<string | null> {
  for (const [folder, expected] of around) {
    const more = (await readdir(folder)).filter((name) => !expected.includes(name))
    if (more.length > 0) return `it left ${more.join(', ')} in ${folder}`
  }
  return null
}
