/**
 * That a prepared TensorFlow loaded, kept beside it. Loading it takes a third of a second and tells nothing new while the
 * program, the system and the processor are the same; that its files are, `findRuntime` has seen.
 */
import { readFile } from 'node:fs/promises'
import { arch, cpus, release } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { writeAtomically } from './files'

const FILE = 'loaded.json'

const knownLoadSchema = z.object({
  /** What it loaded into. */
  into: z.string(),
  /** Of the C library. */
  version: z.string(),
  device: z.string()
})
export type KnownLoad = Omit<z.infer<typeof knownLoadSchema>, 'into'>

/** Null: not known of this program on this machine. */
export async function readKnownLoad({ directory }: RuntimeLocation): Promise<KnownLoad | null> {
  try {
    const { into, version, device } = knownLoadSchema.parse(JSON.parse(await readFile(join(directory, FILE), 'utf8')))
    return into === thisMachine() ? { version, device } : null
  } catch {
    return null
  }
}

/** A folder that cannot be written to is no harm: it is loaded again the next time. */
export async function writeKnownLoad({ directory }: RuntimeLocation, load: KnownLoad): Promise<void> {
  const text = JSON.stringify({ into: thisMachine(), ...load })
  await writeAtomically(join(directory, FILE), text).catch(() => undefined)
}

function thisMachine(): string {
  const { modules, electron = '', node } = process.versions
  return JSON.stringify([node, modules, electron, process.platform, arch(), release(), cpus()[0]?.model ?? ''])
}
