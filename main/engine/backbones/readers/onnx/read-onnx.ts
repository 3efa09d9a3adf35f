/** ONNX files, as frozen extractors: what comes of one is the file itself, and where pictures go in and features come out. */
import { readFile, stat } from 'node:fs/promises'
import { StudioError } from '@shared/errors'
import { suggestName, type ImportedModel } from '../imported-model'
import { readOnnxGraph, type OnnxGraph } from './onnx-proto'
import { findOnnxPorts } from './onnx-ports'

/** The most that a Protocol Buffers message may hold. */
const MAX_BYTES = 2 ** 31 - 1
/** Operations of the standard and of ONNX Runtime itself. */
const DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc'])

/** @throws StudioError backbone/corrupt, backbone/unsupported-layer, backbone/incomplete when weights lie in other files */
export async function readOnnx(path: string): Promise<ImportedModel> {
  const graph = readOnnxGraph(await readWhole(path), path)
  assertKnown(graph, path)
  const ports = findOnnxPorts(graph, path)[0]!
  const from = graph.producer ? `, written by ${graph.producer.slice(0, 40)}` : ''
  const inner = !graph.outputs.some(({ name }) => name === ports.output)
  return {
    graph: null,
    opaque: { form: 'onnx', files: [{ path: 'model.onnx', content: () => readWhole(path) }], ports },
    recorded: null,
    notes: [
      'It runs as it is, on ONNX Runtime: heads train on its features, fine-tuning does not change it.',
      inner
        ? `Its features are '${ports.output}', which the layer of class scores reads.`
        : `Its features are its output '${ports.output}'.`
    ],
    sourceFormat: `ONNX${from}`,
    suggestedName: suggestName(path)
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    if ((await stat(path)).size > MAX_BYTES) throw new Error('it is larger than 2 GB')
    return await readFile(path)
  } catch (error) {
    throw new StudioError('backbone/corrupt', `'${path}' cannot be read: ${(error as Error).message}.`, { path })
  }
}

function assertKnown(graph: OnnxGraph, path: string): void {
  const foreign = graph.nodes.filter(({ domain }) => !DOMAINS.has(domain)).map(({ domain, op }) => `${domain}:${op}`)
  if (foreign.length === 0) return
  const names = [...new Set(foreign)].sort()
  throw new StudioError('backbone/unsupported-layer', `'${path}' needs operations of its own: ${names.join(', ')}.`, {
    path,
    operations: names
  })
}
