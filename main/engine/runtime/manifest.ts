/**
 * `manifest.json` of a prepared runtime: what it is made of. It is written last, after the first operation ran, so that a
 * folder without it is not a runtime.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { runtimeLocationSchema, type RuntimeLocation } from '@shared/worker-protocol/common'
import { fileSha256, writeAtomically } from './files'
import { runtimeFolderName, type RuntimePlan } from './plan'
import type { UnpackedFile } from './unpack'

const FILE = 'manifest.json'

const fileSchema = z.object({
  /** Relative to the folder, with forward slashes. */
  path: z.string(),
  bytes: z.int(),
  mtimeMs: z.number(),
  sha256: z.string()
})

const manifestSchema = z.object({
  format: z.literal(1),
  version: z.string(),
  flavour: runtimeLocationSchema.shape.flavour,
  platform: z.string(),
  /** Version of @tensorflow/tfjs-node-gpu whose binding was compiled. */
  binding: z.string(),
  compiler: z.string(),
  preparedAt: z.string(),
  files: z.array(fileSchema)
})
export type Manifest = z.infer<typeof manifestSchema>

/** Folder of everything of the runtime, below the cache folder. */
export const runtimeRoot = (cacheDirectory: string): string => join(cacheDirectory, 'runtime')

export function locationOf(cacheDirectory: string, plan: RuntimePlan): RuntimeLocation {
  return {
    directory: join(runtimeRoot(cacheDirectory), runtimeFolderName(plan)),
    version: plan.version,
    flavour: plan.flavour
  }
}

/**
 * The prepared runtime, or null when there is none that fits. Cheap: it compares sizes and times; only where times differ
 * (a folder that was copied) are files hashed once more.
 *
 * @param binding version of @tensorflow/tfjs-node-gpu that is installed
 */
export async function findRuntime(
  cacheDirectory: string,
  plan: RuntimePlan,
  binding: string
): Promise<RuntimeLocation | null> {
  const location = locationOf(cacheDirectory, plan)
  const manifest = await readManifest(location.directory)
  if (!manifest || manifest.binding !== binding || manifest.platform !== plan.platform) return null
  if (manifest.version !== plan.version || manifest.flavour !== plan.flavour) return null
  const found = await Promise.all(
    manifest.files.map(({ path }) => stat(join(location.directory, path)).catch(() => null))
  )
  if (!manifest.files.every(({ bytes }, index) => found[index]?.size === bytes)) return null
  // Copying and some file systems keep whole milliseconds only.
  const touched = manifest.files.filter(({ mtimeMs }, index) => Math.abs(found[index]!.mtimeMs - mtimeMs) >= 1)
  if (touched.length === 0) return location
  if ((await damagedAmong(touched, location)).length > 0) return null
  const files = manifest.files.map((file, index) => ({ ...file, mtimeMs: found[index]?.mtimeMs ?? file.mtimeMs }))
  await writeManifest(location.directory, { ...manifest, files }).catch(() => undefined)
  return location
}

/** Hashes every file (about 850 MB, some seconds). @returns paths of those that differ from the manifest */
export async function damagedFiles(location: RuntimeLocation, signal?: AbortSignal): Promise<string[]> {
  const manifest = await readManifest(location.directory)
  if (!manifest) return [FILE]
  return damagedAmong(manifest.files, location, signal)
}

async function damagedAmong(
  files: Manifest['files'],
  location: RuntimeLocation,
  signal?: AbortSignal
): Promise<string[]> {
  const damaged: string[] = []
  for (const { path, sha256 } of files) {
    const found = await fileSha256(join(location.directory, path), signal).catch(() => null)
    if (found !== sha256) damaged.push(path)
  }
  signal?.throwIfAborted()
  return damaged
}

export async function readManifest(directory: string): Promise<Manifest | null> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(directory, FILE), 'utf8')))
  } catch {
    return null
  }
}

/** Declares a runtime ready. @param files what the folder holds, with the hashes it was written with */
export async function recordRuntime(
  location: RuntimeLocation,
  plan: RuntimePlan,
  built: { compiler: string; binding: string },
  files: UnpackedFile[]
): Promise<void> {
  const stats = await Promise.all(files.map(({ path }) => stat(join(location.directory, path))))
  await writeManifest(location.directory, {
    format: 1,
    version: plan.version,
    flavour: plan.flavour,
    platform: plan.platform,
    binding: built.binding,
    compiler: built.compiler,
    preparedAt: new Date().toISOString(),
    files: files.map((file, index) => ({ ...file, mtimeMs: stats[index]!.mtimeMs }))
  })
}

const writeManifest = (directory: string, manifest: Manifest): Promise<void> =>
  writeAtomically(join(directory, FILE), `${JSON.stringify(manifest, null, 2)}\n`)
