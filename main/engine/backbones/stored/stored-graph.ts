/**
 * A NetworkGraph in a folder: `graph.json` (nodes and output) and `weights.safetensors` (float32, keys as the nodes name them).
 * Weights of half precision (F16) are read too.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import { decodeSafetensors, encodeSafetensors } from '@shared/formats/safetensors'
import { z } from 'zod'
import type { NetworkGraph, WeightTensor } from '../graph'
import { inferShapes, weightKeysOf } from '../shapes'
import { storedGraphSchema, type StoredGraph } from './graph-schema'

export const GRAPH_FILE = 'graph.json'
export const WEIGHTS_FILE = 'weights.safetensors'

/**
 * Weights that no node names are not kept.
 * @param directory exists.
 * @returns the names of the files written.
 */
export async function writeStoredGraph(directory: string, graph: NetworkGraph): Promise<string[]> {
  const document: StoredGraph = { version: 1, name: graph.name, output: graph.output, nodes: graph.nodes }
  // Parsed on the way out too: what is written here can be read back.
  const text = JSON.stringify(storedGraphSchema.parse(document))
  const named = new Set(graph.nodes.flatMap(weightKeysOf))
  const weights = new Map([...graph.weights].filter(([key]) => named.has(key)))
  await writeFile(join(directory, WEIGHTS_FILE), encodeSafetensors(weights, { format: 'whetstone-graph' }))
  await writeFile(join(directory, GRAPH_FILE), text)
  return [GRAPH_FILE, WEIGHTS_FILE]
}

/** @throws StudioError backbone/not-found (a file is missing), backbone/corrupt (they do not fit each other or their format) */
export async function readStoredGraph(directory: string): Promise<NetworkGraph> {
  const [text, bytes] = await Promise.all([read(directory, GRAPH_FILE), read(directory, WEIGHTS_FILE)])
  const { name, nodes, output } = parse(join(directory, GRAPH_FILE), text.toString('utf8'))
  const weights = new Map<string, WeightTensor>()
  for (const [key, { shape, data }] of decodeSafetensors(bytes).tensors) {
    if (!(data instanceof Float32Array)) {
      throw new StudioError('backbone/corrupt', `Weight '${key}' in '${directory}' is not of floating point.`)
    }
    weights.set(key, { shape, data })
  }
  const graph: NetworkGraph = { name, nodes, output, weights }
  // Read for its checks: every input made before it is used, every kernel fitting what flows into it.
  inferShapes(graph)
  return graph
}

function parse(path: string, text: string): StoredGraph {
  try {
    return storedGraphSchema.parse(JSON.parse(text))
  } catch (error) {
    const first = error instanceof z.ZodError ? error.issues[0] : undefined
    const why = first ? `${first.path.join('.')}: ${first.message}` : (error as Error).message
    throw new StudioError('backbone/corrupt', `'${path}' is no stored network: ${why}.`, { path }, { cause: error })
  }
}

async function read(directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name))
  } catch (error) {
    const why = (error as Error).message
    throw new StudioError('backbone/not-found', `'${join(directory, name)}' cannot be read: ${why}.`, { directory })
  }
}
