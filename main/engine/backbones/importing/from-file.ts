/** A backbone out of a file or folder that the user has, in any format that a reader knows. */
import { basename, join } from 'node:path'
import { StudioError } from '@shared/errors'
import type { ModelJob, ModelSource } from '@shared/worker-protocol/models'
import { chooseExecutors } from '../../executors/choose'
import type { Executor } from '../../executors/executor'
import { ARCHITECTURES, type Architecture } from '../architectures'
import type { NetworkGraph } from '../graph'
import { detectAndRead } from '../readers'
import type { ImportedModel } from '../readers/imported-model'
import type { Candidate, OnProgress } from './candidate'
import { compareTwin } from './compare-twin'
import { contractFrom, proposeForGraph, proposeForOpaque } from './contract-of'
import { findArchitecture } from './from-architecture'
import { inputOf, sideOf, USUAL_SIZE } from './input-of'
import { recognise } from './recognise'
import { layOut, openOpaque, type OpaqueModel } from './opaque-files'

type FileSource = Extract<ModelSource, { type: 'file' }>
type Machine = Pick<ModelJob, 'scratch' | 'runtime' | 'threads'>
/** What the two ways of keeping a model find out each in its way. */
type Found = Pick<Candidate, 'graph' | 'opaque' | 'notes' | 'parity' | 'contract' | 'contractOrigin'> & {
  /** Of layers whose file names no architecture: the one that they are. */
  recognised?: Architecture | null
}

/** @throws StudioError backbone/* as the readers do; runtime/not-ready when a SavedModel is to run as it is without TensorFlow */
export async function fromFile(source: FileSource, machine: Machine, step: OnProgress): Promise<Candidate> {
  const { path, asIs } = source
  // A name that does not exist is said before a large file is read.
  const named = source.architecture === null ? null : findArchitecture(source.architecture)
  step('Reading the model')
  const model = await detectAndRead(path, { architecture: named?.id })
  if (!model.graph && !model.opaque) throw new StudioError('backbone/corrupt', `'${path}' holds no network.`, { path })
  const architecture = named ?? ARCHITECTURES.find(({ id }) => id === model.architecture) ?? null
  const opaque = model.opaque && (await prepare(model, architecture, machine))
  const whole = opaque && (asIs || !model.graph)
  const { recognised, ...found } = whole
    ? await keepWhole(model, opaque, architecture, machine, step)
    : await keepLayers(model, model.graph!, opaque, architecture, machine, step)
  const file = basename(path)
  const fitted = recognised ?? architecture
  return {
    ...found,
    how: 'import',
    suggestedName: model.suggestedName,
    family: fitted?.family ?? 'Other',
    architecture: found.graph && fitted ? fitted.id : null,
    license: 'Not stated',
    source: `${file} (${model.sourceFormat})`,
    file,
    sourceFormat: model.sourceFormat,
    notes: asIs && !opaque ? [...found.notes, NO_AS_IS] : found.notes,
    recorded: found.graph && model.recorded,
    extra: []
  }
}

const NO_AS_IS = 'It was read as layers: a file of this format has no form of its own to run in.'
const FROZEN = 'It is kept as it is, frozen. Its variables fill a built-in architecture: its twin could learn.'
const NOT_COMPARED = 'TensorFlow is not prepared here: the model as it is was not compared with its trainable twin.'

async function keepLayers(
  model: ImportedModel,
  graph: NetworkGraph,
  opaque: OpaqueModel | null,
  architecture: Architecture | null,
  machine: Machine,
  step: OnProgress
): Promise<Found> {
  const { runtime, threads } = machine
  const { frozen: executor } = await chooseExecutors({ runtime: null, threads, graph, needsTraining: false })
  const { size, notes: ofInput } = inputOf(graph, model.suggestedName)
  const notes = [...model.notes, ...ofInput]
  if (!architecture) step('Trying preprocessing contracts')
  const recognised = architecture ? null : await recognise(graph, executor)
  const known = architecture
    ? contractFrom(architecture, size)
    : await proposeForGraph(graph, size, executor, recognised)
  const kept = { graph, opaque: null, parity: null, recognised, ...known }
  if (!opaque) return { ...kept, notes }
  if (!runtime) return { ...kept, notes: [...notes, NOT_COMPARED] }
  step('Comparing both routes')
  const { parity } = await withOpaque(opaque, machine, (asIs) => compareTwin(asIs, graph, known.contract, executor))
  return { ...kept, notes, parity }
}

async function keepWhole(
  { graph, notes }: ImportedModel,
  opaque: OpaqueModel,
  architecture: Architecture | null,
  machine: Machine,
  step: OnProgress
): Promise<Found> {
  step('Opening the model as it is')
  return withOpaque(opaque, machine, async (network, executor) => {
    const { form, folder, ports } = opaque
    const featureWidth = network.outputShape.reduce((product, side) => product * side, 1)
    const kept = { graph: null, opaque: { form, folder, ports, featureWidth }, parity: null }
    step('Trying preprocessing contracts')
    if (!graph || !architecture) return { ...kept, notes, ...(await proposeForOpaque(opaque, network, executor)) }
    const own = contractFrom(architecture, opaque.size)
    const { threads } = machine
    const layers = await chooseExecutors({ runtime: null, threads, graph, needsTraining: false })
    const { parity, contract } = await compareTwin(network, graph, own.contract, layers.frozen)
    if (!parity.passed) return { ...kept, notes, ...(await proposeForOpaque(opaque, network, executor)) }
    const reason = `Under it, it answers as ${architecture.name} with its weights does.`
    return { ...kept, notes: [FROZEN], parity, contract, contractOrigin: { ...own.contractOrigin, reason } }
  })
}

async function prepare(
  model: ImportedModel,
  architecture: Architecture | null,
  { scratch }: Machine
): Promise<OpaqueModel> {
  const { form, files, ports } = model.opaque!
  const folder = join(scratch, 'model')
  await layOut(files, folder)
  const size = sideOf(ports.size ?? architecture?.contract.size ?? USUAL_SIZE, model.suggestedName)
  return { form, folder, ports, name: model.suggestedName, size }
}

/** @throws StudioError runtime/not-ready, device/no-executor, backbone/corrupt */
async function withOpaque<T>(
  opaque: OpaqueModel,
  { runtime, threads }: Machine,
  use: (network: Awaited<ReturnType<typeof openOpaque>>, executor: Executor) => Promise<T>
): Promise<T> {
  const choice = await chooseExecutors({ runtime, threads, form: opaque.form, graph: null, needsTraining: false })
  const network = await openOpaque(opaque, choice.frozen)
  try {
    return await use(network, choice.frozen)
  } finally {
    await network.dispose()
  }
}
