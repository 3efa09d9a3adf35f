/** Writes a candidate into its folder, as `loadBackbone` reads it: the description last. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackboneDescription, ParityCheck } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import { listBlocks } from '../blocks'
import { hashFiles, FOREIGN_FILES } from '../load-backbone'
import { countMultiplyAdds, countParameters, hashWeights } from '../measures'
import type { NetworkGraph } from '../graph'
import { inferShapes } from '../shapes'
import { writeStoredGraph } from '../stored/stored-graph'
import { featureExtractor } from '../feature-extractor'
import type { Candidate, Opaque } from './candidate'

type Measured = Pick<
  BackboneDescription,
  'form' | 'trainable' | 'parameters' | 'multiplyAdds' | 'featureWidth' | 'blocks' | 'weightsHash' | 'ports'
>

/**
 * @param parent exists; the backbone's folder is made in it, named by its id
 * @param name the user's own, or null
 * @throws StudioError backbone/unsupported-layer when the network has no features to end at, store/disk-full, store/unwritable
 */
export async function keepCandidate(
  candidate: Candidate,
  parent: string,
  name: string | null,
  parity: ParityCheck | null
): Promise<BackboneDescription> {
  const title = name ?? candidate.suggestedName
  const id = candidate.id ?? idOf(title)
  const directory = join(parent, id)
  try {
    await mkdir(directory)
    const measured = candidate.graph
      ? await keepGraph(candidate.graph, directory)
      : await keepOpaque(candidate.opaque!, directory)
    for (const { name: file, content } of candidate.extra) await writeFile(join(directory, file), content)
    const description: BackboneDescription = {
      id,
      name: title,
      family: candidate.family,
      license: candidate.license,
      source: candidate.source,
      contract: candidate.contract,
      ...measured,
      bytes: await sizeOf(directory),
      provenance: {
        how: candidate.how,
        importedAt: Date.now(),
        file: candidate.file,
        sourceFormat: candidate.sourceFormat,
        architecture: candidate.architecture,
        notes: candidate.notes,
        contract: candidate.contractOrigin,
        parity
      }
    }
    await writeFile(join(directory, 'backbone.json'), `${JSON.stringify(description, null, 2)}\n`)
    return description
  } catch (error) {
    throw coded(error, directory)
  }
}

async function keepGraph(graph: NetworkGraph, directory: string): Promise<Measured> {
  const features = featureExtractor(graph)
  const shape = inferShapes(features).get(features.output)!
  await writeStoredGraph(directory, graph)
  return {
    form: 'graph',
    trainable: true,
    parameters: countParameters(features),
    multiplyAdds: countMultiplyAdds(features),
    featureWidth: shape.at(-1)!,
    blocks: listBlocks(features).map((block) => block.name),
    weightsHash: hashWeights(features),
    ports: null
  }
}

async function keepOpaque({ form, folder, ports, featureWidth }: Opaque, directory: string): Promise<Measured> {
  await rename(join(folder, FOREIGN_FILES[form]), join(directory, FOREIGN_FILES[form]))
  return {
    form,
    trainable: false,
    parameters: null,
    multiplyAdds: null,
    featureWidth,
    blocks: [],
    weightsHash: await hashFiles(join(directory, FOREIGN_FILES[form])),
    ports
  }
}

/** 'My Model (v2)' → 'my-model-v2'. */
export function idOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^\w.]+/g, '-')
    .replace(/^[^a-z\d]+|-+$/gi, '')
    .toLowerCase()
    .slice(0, 80)
  // A name in a script without Latin letters still needs an id of its own, and always the same.
  return (/^[a-z\d]/.test(plain) && plain) || `model-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}

async function sizeOf(directory: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    bytes += entry.isDirectory() ? await sizeOf(path) : (await stat(path)).size
  }
  return bytes
}

function coded(error: unknown, directory: string): unknown {
  const { code, syscall, message } = (error ?? {}) as NodeJS.ErrnoException
  if (error instanceof StudioError || code === undefined || syscall === undefined) return error
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  const sentence = `The backbone cannot be written to ${directory}: ${message}.`
  return new StudioError(full ? 'store/disk-full' : 'store/unwritable', sentence, { directory }, { cause: error })
}
