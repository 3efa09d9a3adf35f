/**
 * `tf.saved_model.save` of a Keras 3 model writes a graph whose restoring fills copies of the variables ('Variable_7'), while its
 * signatures read the originals. TensorFlow's Python loader goes by the objects and does not notice; every other loader finds
 * the originals without a value. Here each copy is made another handle of its original.
 */
import { StudioError } from '@shared/errors'
import { lastField, readText, textField } from '@shared/formats/protobuf/reader'
import { reach } from './operations'
import { rewriteField } from './rewrite'
import type { MetaGraph } from './saved-model-proto'

const HANDLE = 'VarHandleOp'

/**
 * @returns of each copy that is restored in place of a variable that the signature reads: the original's name.
 * @throws StudioError backbone/incomplete when a variable gets no value from anywhere
 */
export function findCopies(graph: MetaGraph, signature: string, file: string): Map<string, string> {
  const handles = (from: string[]): string[] =>
    [...reach(graph, from, file)].flatMap(({ op, name }) => (op === HANDLE ? [name] : []))
  if (!graph.restoreOperation) return new Map()
  const outputs = [...graph.signatures.get(signature)!.outputs.values()].map(({ tensor }) => tensor)
  const restored = new Set(handles([graph.restoreOperation]))
  const without = handles(outputs).filter((name) => !restored.has(name))
  const copies = new Map<string, string>()
  for (const { name, op, inputs } of graph.operations) {
    // A copy is initialised by reading its original.
    const copy = /^(.+)\/Initializer\/ReadVariableOp$/.exec(name)?.[1]
    if (op === 'ReadVariableOp' && copy && restored.has(copy) && without.includes(inputs[0]!))
      copies.set(copy, inputs[0]!)
  }
  const originals = new Set(copies.values())
  const empty = without.filter((name) => !originals.has(name))
  if (empty.length === 0) return copies
  throw new StudioError(
    'backbone/incomplete',
    `'${file}' gives no value to its variables ${empty.slice(0, 8).join(', ')}.`,
    {
      file,
      missing: empty
    }
  )
}

/** @param model saved_model.pb. @throws ProtoError */
export function joinCopies(model: Uint8Array, copies: ReadonlyMap<string, string>): Uint8Array {
  const attribute =
    (original: string) =>
    (entry: Uint8Array): Uint8Array =>
      textField(entry, 1) === 'shared_name'
        ? rewriteField(entry, 2, (value) => rewriteField(value, 2, () => Buffer.from(original)))
        : entry
  const node = (message: Uint8Array): Uint8Array => {
    const original = copies.get(textField(message, 1))
    const op = readText(lastField(message, 2)?.bytes ?? new Uint8Array())
    return original !== undefined && op === HANDLE ? rewriteField(message, 5, attribute(original)) : message
  }
  return rewriteField(model, 2, (meta) => rewriteField(meta, 2, (graph) => rewriteField(graph, 1, node)))
}
