/**
 * A SavedModel is a program: its operations can read and write files, open sockets and call Python. Those that running a
 * signature would reach are looked through before TensorFlow sees the model.
 */
import { StudioError } from '@shared/errors'
import type { GraphOperation, MetaGraph } from './saved-model-proto'

/** Operations that reach beyond the numbers: files, networks, processes, debuggers, Python. */
const FORBIDDEN =
  /^(WriteFile|ReadFile|MatchingFiles|Save|SaveV2|SaveSlices|MergeV2Checkpoints|.*PyFunc.*|.*Dataset.*|.*Reader(V2)?|.*Summary.*|Debug.*|.*Rpc.*|RegisterDataset.*|DataService.*|BigQuery.*|.*Kafka.*|Xla(Send|Recv).*|_?(Send|Recv|HostSend|HostRecv)|AudioMicrofrontend|PrintV2|GenerateVocabRemapping|LoadAndRemapMatrix|Restore|RestoreSlice|InitializeTableFromTextFile(V2)?|Assert.*File.*|CheckpointExists)$/

/** What loading may do besides: read its own variables. */
const WHEN_LOADING = new Set(['RestoreV2', 'Restore'])

/**
 * @throws StudioError backbone/unsupported-layer naming operations that do more than compute, backbone/corrupt when the
 *   signature leads to operations that are not there
 */
export function assertOnlyComputes(graph: MetaGraph, signatureName: string, file: string): void {
  const outputs = [...graph.signatures.get(signatureName)!.outputs.values()].map(({ tensor }) => tensor)
  const initialisers = [...graph.signatures]
    .filter(([name]) => name.startsWith('__saved_model'))
    .flatMap(([, { outputs }]) => [...outputs.values()].map(({ tensor }) => tensor))
  const computing = reach(graph, [...outputs, ...initialisers], file)
  const loading = graph.restoreOperation ? reach(graph, [graph.restoreOperation], file) : new Set<GraphOperation>()
  const bad = new Set<string>()
  for (const { op } of computing) if (FORBIDDEN.test(op) || op === 'RestoreV2') bad.add(op)
  for (const { op } of loading) if (FORBIDDEN.test(op) && !WHEN_LOADING.has(op)) bad.add(op)
  if (bad.size === 0) return
  const names = [...bad].sort()
  throw new StudioError(
    'backbone/unsupported-layer',
    `'${file}' does more than compute: its operations ${names.join(', ')} reach for files, networks or programs.`,
    { file, operations: names }
  )
}

/** Every operation that one of the given tensors or operations needs; of a function that is called, all of them. */
export function reach(graph: MetaGraph, from: readonly string[], file: string): Set<GraphOperation> {
  const byName = new Map(graph.operations.map((operation) => [operation.name, operation]))
  const reached = new Set<GraphOperation>()
  const functions = new Set<string>()
  const waiting: GraphOperation[] = []
  const add = (operation: GraphOperation): void => {
    if (reached.has(operation)) return
    reached.add(operation)
    waiting.push(operation)
  }
  const find = (tensor: string): void => {
    // '^name' waits for an operation, 'name:1' is its second value.
    const name = tensor.replace(/^\^/, '').replace(/:\d+$/, '')
    const operation = byName.get(name)
    if (operation) return add(operation)
    throw new StudioError('backbone/corrupt', `'${file}' is damaged: its graph has no operation '${name}'.`, { file })
  }
  from.forEach(find)
  const inGraph = new Set(graph.operations)
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    // Inputs within a function lead to its own operations, all of which are taken.
    if (inGraph.has(next)) next.inputs.forEach(find)
    for (const name of [...next.calls, next.op]) {
      if (functions.has(name)) continue
      functions.add(name)
      graph.functions.get(name)?.forEach(add)
    }
  }
  return reached
}
