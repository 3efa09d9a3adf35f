/** Backbones as they lie in folders: one sub-folder each, with `backbone.json` beside the model. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backboneDescriptionSchema, type BackboneDescription, type BackboneForm } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import type { Executor, FrozenNetwork, NetworkUse } from '../executors/executor'
import type { NetworkGraph } from './graph'
import type { ValueRanges } from './onnx/quantized/ranges'
import { readLayersModel } from './readers/layers-model'
import { hashWeights } from './measures'
import { featureExtractor } from './feature-extractor'
import { GRAPH_FILE, readStoredGraph } from './stored/stored-graph'
import { withInputSize } from './transforms'
import { filesBelow } from './walk'

const DESCRIPTION = 'backbone.json'

/** Where each foreign form lies in a backbone's folder. */
export const FOREIGN_FILES = { onnx: 'model.onnx', 'saved-model': 'saved_model' } as const

export interface LoadedBackbone {
  info: BackboneDescription
  /** As it came, with its top; null for a model in a foreign form. */
  graph: NetworkGraph | null
  /** From the picture to the pooled features; batch-norm not folded. Its weights are those of `graph`. Null as above. */
  features: NetworkGraph | null
  /**
   * The same as a network that runs, whatever its form.
   * @param ranges of a graph: to run in eight bits
   * @throws StudioError device/no-executor when the executor cannot run this form, backbone/corrupt
   */
  openFeatures(executor: Executor, use?: NetworkUse, ranges?: ValueRanges): Promise<FrozenNetwork>
}

/**
 * Reads description and weights, and compares the weights' hash with the description's.
 * @param directories looked through in this order
 * @throws StudioError backbone/not-found, backbone/corrupt, backbone/unsupported-layer
 */
export async function loadBackbone(directories: readonly string[], id: string): Promise<LoadedBackbone> {
  // An id is the name of a folder; anything else, such as '../..', must not reach the file system.
  const named = /^[\w.-]+$/.test(id) && !id.startsWith('.')
  for (const directory of named ? directories : []) {
    const info = await readDescription(directory, id)
    if (info) return load(info, join(directory, id))
  }
  throw new StudioError('backbone/not-found', `There is no backbone '${id}'.`, { id })
}

async function load(info: BackboneDescription, folder: string): Promise<LoadedBackbone> {
  if (info.form !== 'graph') return loadForeign(info, info.form, join(folder, FOREIGN_FILES[info.form]))
  const stored = await access(join(folder, GRAPH_FILE)).then(
    () => true,
    () => false
  )
  const graph = await (stored ? readStoredGraph : readLayersModel)(folder)
  const features = featureExtractor(graph)
  assertHash(info, hashWeights(features))
  return { info, graph, features, openFeatures: (...how) => open(features, ...how) }
}

const open = (
  features: NetworkGraph,
  ...[executor, use, ranges]: Parameters<LoadedBackbone['openFeatures']>
): Promise<FrozenNetwork> => executor.load(features, use, ranges)

async function loadForeign(
  info: BackboneDescription,
  form: Exclude<BackboneForm, 'graph'>,
  path: string
): Promise<LoadedBackbone> {
  const { ports, name } = info
  if (!ports) {
    throw new StudioError('backbone/corrupt', `The description of '${name}' does not say where pictures go in.`, {
      path
    })
  }
  assertHash(info, await hashFiles(path))
  return {
    info,
    graph: null,
    features: null,
    openFeatures: async (executor, use) => {
      const network = await executor.loadFile?.({ form, name, path, ports, size: info.contract.size }, use)
      if (network) return network
      throw new StudioError('device/no-executor', `'${name}' (${form}) does not run on ${executor.id}.`, { form })
    }
  }
}

/**
 * The same backbone for square pictures of another size: convolutions and global pooling take any; of the foreign forms, those
 * whose input is not fixed.
 * @throws StudioError config/invalid when its input is fixed to another size
 */
export function atInputSize(backbone: LoadedBackbone, size: number): LoadedBackbone {
  const { info, features } = backbone
  if (features) {
    const sized = withInputSize(features, size)
    return { ...backbone, features: sized, openFeatures: (...how) => open(sized, ...how) }
  }
  if (size === info.contract.size) return backbone
  const fixed = info.ports?.size
  if (fixed && fixed !== size) {
    throw new StudioError(
      'config/invalid',
      `The setting 'contract.size' is not valid: '${info.name}' takes pictures of ${fixed} × ${fixed} only, not ${size}.`,
      { key: 'contract.size', backbone: info.id }
    )
  }
  return { ...backbone, info: { ...info, contract: { ...info.contract, size } }, openFeatures: backbone.openFeatures }
}

/**
 * The layers up to the features, for work that needs them.
 * @param purpose begins the message, for example 'An export'
 * @throws StudioError backbone/opaque
 */
export function layersOf({ info, features }: Pick<LoadedBackbone, 'info' | 'features'>, purpose: string): NetworkGraph {
  if (features) return features
  throw new StudioError('backbone/opaque', `${purpose} needs layers, and '${info.name}' is kept as ${info.form}.`, {
    id: info.id,
    form: info.form
  })
}

/** @throws StudioError backbone/not-trainable */
export function assertTrainable({ info, features }: Pick<LoadedBackbone, 'info' | 'features'>): void {
  if (info.trainable && features) return
  const why = features ? 'its description says so' : `it is kept as ${info.form}, which is run as it is`
  throw new StudioError('backbone/not-trainable', `'${info.name}' cannot be fine-tuned: ${why}.`, {
    id: info.id,
    form: info.form
  })
}

/** Name of the value that the features are; part of the key under which they are cached. */
export const outputName = ({ info, features }: Pick<LoadedBackbone, 'info' | 'features'>): string =>
  features?.output ?? `${info.ports?.signature ?? ''}:${info.ports?.output ?? ''}`

/** SHA-256 of a file, or over names and contents of the files of a folder in the order of their names, hexadecimal. */
export async function hashFiles(path: string): Promise<string> {
  const hash = createHash('sha256')
  const add = async (file: string): Promise<void> => {
    for await (const part of createReadStream(file)) hash.update(part as Buffer)
  }
  try {
    const files = await filesBelow(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTDIR') return null
      throw error
    })
    if (!files) await add(path)
    for (const file of (files ?? []).sort()) {
      hash.update(file.slice(path.length).replaceAll('\\', '/'))
      await add(file)
    }
  } catch (error) {
    throw new StudioError('backbone/corrupt', `'${path}' cannot be read: ${(error as Error).message}.`, { path })
  }
  return hash.digest('hex')
}

function assertHash({ id, name, weightsHash }: BackboneDescription, hash: string): void {
  if (hash === weightsHash) return
  throw new StudioError('backbone/corrupt', `The weights of '${name}' are not those that its description names.`, {
    id,
    expected: weightsHash,
    actual: hash
  })
}

async function readDescription(backbonesDirectory: string, id: string): Promise<BackboneDescription | null> {
  const path = join(backbonesDirectory, id, DESCRIPTION)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new StudioError('backbone/not-found', `'${path}' cannot be read: ${(error as Error).message}.`, { path })
  }
  try {
    const description = backboneDescriptionSchema.parse(JSON.parse(text))
    if (description.id !== id) throw new Error(`its id is '${description.id}', its folder '${id}'`)
    return description
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message
    throw new StudioError(
      'backbone/corrupt',
      `'${path}' does not describe a backbone: ${why}.`,
      { path },
      { cause: error }
    )
  }
}
