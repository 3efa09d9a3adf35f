/**
 * TensorFlow SavedModels, as folders or as .tar.gz archives. What comes of one is both: its files, to be run as they are by
 * TensorFlow, and, where its variables fit one of the built-in architectures, that network with these weights.
 */
import { extname } from 'node:path'
import { StudioError } from '@shared/errors'
import { findTwin } from '../../twin/find-twin'
import { suggestName, type ImportedModel, type OpaqueFile } from '../imported-model'
import type { ModelFiles } from './model-files'
import { folderFiles } from './model-files'
import { assertOnlyComputes } from './operations'
import { findPorts } from './ports'
import { parseSavedModel, type MetaGraph } from './saved-model-proto'
import { tarFiles } from './tar-files'
import { findCopies, joinCopies } from './variable-copies'
import { readCheckpoint } from './tensor-bundle'
import { namedVariables } from './variables'

const MODEL = 'saved_model.pb'
const VARIABLES = 'variables/variables'
/** What TensorFlow reads besides the model itself. */
const KEPT = /^(saved_model\.pb|fingerprint\.pb|variables\/[^/]+|assets\/.+)$/

/**
 * @param path of a folder that holds saved_model.pb, or of a .tar.gz or .tar archive of one
 * @param architecture id of the built-in architecture to match the variables onto; left out: whichever fits
 * @throws StudioError backbone/corrupt, backbone/unsupported-layer, and backbone/incomplete when an architecture is given that
 *   the variables do not fill
 */
export async function readSavedModel(path: string, architecture?: string): Promise<ImportedModel> {
  const archive = /^\.(gz|tgz|tar)$/i.test(extname(path))
  const files = archive ? await tarFiles(path) : await folderFiles(path)
  const { graph: meta, ports } = findPorts(await readGraphs(files), files.describe(MODEL))
  const port = ports[0]!
  assertOnlyComputes(meta, port.signature!, files.describe(MODEL))
  const copies = findCopies(meta, port.signature!, files.describe(MODEL))
  const twin = await twinOf(files, meta, port.size, architecture)
  return {
    graph: twin.graph,
    opaque: { form: 'saved-model', files: keptFiles(files, copies), ports: port },
    architecture: twin.architecture,
    recorded: null,
    notes: twin.notes,
    sourceFormat: archive ? 'TensorFlow SavedModel (archive)' : 'TensorFlow SavedModel',
    suggestedName: suggestName(path)
  }
}

async function readGraphs(files: ModelFiles): Promise<MetaGraph[]> {
  const file = files.describe(MODEL)
  if (!files.names.includes(MODEL)) {
    const text = files.names.includes('saved_model.pbtxt') ? ' The text form, saved_model.pbtxt, is not read.' : ''
    throw new StudioError('backbone/corrupt', `'${file}' is not there.${text}`, { file })
  }
  const bytes = await files.read(MODEL)
  try {
    const graphs = parseSavedModel(bytes)
    if (graphs.length === 0) throw new RangeError('it holds no graph')
    return graphs
  } catch (error) {
    throw new StudioError('backbone/corrupt', `'${file}' is damaged: ${(error as Error).message}.`, { file })
  }
}

async function twinOf(
  files: ModelFiles,
  meta: MetaGraph,
  size: number | null,
  architecture?: string
): Promise<Pick<ImportedModel, 'graph' | 'notes'> & { architecture: string | null }> {
  if (!files.names.includes(`${VARIABLES}.index`)) {
    const why = 'It holds no variables: its weights are constants of the graph, so that it cannot be fine-tuned.'
    if (architecture) throw new StudioError('backbone/incomplete', why, { architecture })
    return { graph: null, architecture: null, notes: [why] }
  }
  const checkpoint = await readCheckpoint(files, VARIABLES)
  const variables = await namedVariables(checkpoint, meta.objects)
  return findTwin(variables, { size, architecture })
}

function keptFiles(files: ModelFiles, copies: ReadonlyMap<string, string>): OpaqueFile[] {
  return files.names
    .filter((name) => KEPT.test(name))
    .map((name) => ({
      path: `saved_model/${name}`,
      content: async () => (name === MODEL ? joinCopies(await files.read(name), copies) : files.read(name))
    }))
}
