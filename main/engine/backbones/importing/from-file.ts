/** A backbone out of a file or folder that the user has, in any format that a reader knows. */
import { basename, join } from 'node:path'
import type { ParityCheck } from '@shared/domain/backbone'
import { valueRange, type PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError } from '@shared/errors'
import type { ModelJob, ModelSource } from '@shared/worker-protocol/models'
import { chooseExecutors } from '../../executors/choose'
import { ARCHITECTURES } from '../architectures'
import type { Architecture } from '../architectures/architecture'
import type { NetworkGraph } from '../graph'
import { detectAndRead } from '../readers'
import type { ImportedModel } from '../readers/imported-model'
import { checkTwin } from '../twin/check-twin'
import type { Candidate, Opaque, OnProgress } from './candidate'
import { contractOf } from './contract-of'
import { findArchitecture } from './from-architecture'
import { layOut, openOpaque, type OpaqueModel } from './opaque-files'

type FileSource = Extract<ModelSource, { type: 'file' }>
type Machine = Pick<ModelJob, 'scratch' | 'runtime' | 'threads'>

/** Side of the pictures where neither file nor architecture says one. */
const USUAL_SIZE = 224

/** @throws StudioError backbone/* as the readers do; runtime/not-ready when a SavedModel is to run as it is without TensorFlow */
export async function fromFile(source: FileSource, machine: Machine, step: OnProgress): Promise<Candidate> {
  const { path, asIs } = source
  // A name that does not exist is said before a large file is read.
  const named = source.architecture === null ? null : findArchitecture(source.architecture)
  step('Reading the model')
  const model = await detectAndRead(path, { architecture: named?.id })
  const architecture = named ?? ARCHITECTURES.find(({ id }) => id === model.architecture) ?? null
  const graph = asIs && model.opaque ? null : model.graph
  if (!graph && !model.opaque) throw new StudioError('backbone/corrupt', `'${path}' holds no network.`, { path })
  const size = sizeOf(model, architecture)
  const opaque = model.opaque && (await prepare(model, size, machine))
  if (opaque) step(graph ? 'Comparing both routes' : 'Opening the model as it is')
  const { contract, origin } = await contractOf({ graph, opaque, size, architecture, ...machine }, step)
  const compared = graph && opaque ? await compareTwin(graph, opaque, contract, machine) : null
  const file = basename(path)
  return {
    how: 'import',
    suggestedName: model.suggestedName,
    family: architecture?.family ?? 'Other',
    architecture: graph && architecture ? architecture.id : null,
    license: 'Not stated',
    source: `${file} (${model.sourceFormat})`,
    file,
    sourceFormat: model.sourceFormat,
    notes: notesOf(model, asIs, compared?.notes ?? []),
    graph,
    opaque: graph ? null : await describeOpaque(opaque!, machine),
    recorded: model.recorded,
    parity: compared?.parity ?? null,
    contract,
    contractOrigin: origin,
    extra: []
  }
}

/** What was found out about a twin is of no use to who wants the model as it is. */
function notesOf({ notes, opaque, graph }: ImportedModel, asIs: boolean, more: readonly string[]): string[] {
  if (asIs && !opaque)
    return [...notes, 'It was read as layers: a file of this format has no form of its own to run in.']
  if (asIs && graph)
    return ['It is kept as it is, frozen. Its variables fill a built-in architecture: its twin could learn.']
  return [...notes, ...more]
}

function sizeOf({ graph, opaque }: ImportedModel, architecture: Architecture | null): number {
  const input = graph?.nodes.find((node) => node.op === 'input')
  if (input?.op === 'input') return input.height
  return opaque?.ports.size ?? architecture?.contract.size ?? USUAL_SIZE
}

async function prepare(model: ImportedModel, size: number, { scratch }: Machine): Promise<OpaqueModel> {
  const { form, files, ports } = model.opaque!
  const folder = join(scratch, 'model')
  await layOut(files, folder)
  return { form, folder, ports, name: model.suggestedName, size }
}

/** @throws StudioError runtime/not-ready, device/no-executor, backbone/corrupt */
async function describeOpaque(opaque: OpaqueModel, { runtime, threads }: Machine): Promise<Opaque> {
  const { form, folder, ports } = opaque
  const { frozen } = await chooseExecutors({ runtime, threads, form, graph: null, needsTraining: false })
  const network = await openOpaque(opaque, frozen)
  try {
    const featureWidth = network.outputShape.reduce((product, side) => product * side, 1)
    return { form, folder, ports, featureWidth }
  } finally {
    await network.dispose()
  }
}

/** The same picture through the model as it is, run by TensorFlow, and through the layers that were read out of it. */
async function compareTwin(
  graph: NetworkGraph,
  opaque: OpaqueModel,
  contract: PreprocessingContract,
  { runtime, threads }: Machine
): Promise<{ parity: ParityCheck | null; notes: string[] }> {
  if (!runtime) {
    const note = 'TensorFlow is not prepared here, so that the model as it is was not compared with its trainable twin.'
    return { parity: null, notes: [note] }
  }
  const needsTraining = false
  const { frozen } = await chooseExecutors({ runtime, threads, form: opaque.form, graph: null, needsTraining })
  const { frozen: executor } = await chooseExecutors({ runtime: null, threads, graph, needsTraining })
  const asIs = await openOpaque(opaque, frozen)
  try {
    return { parity: await checkTwin(asIs, graph, executor, valueRange(contract)), notes: [] }
  } finally {
    await asIs.dispose()
  }
}
