/**
 * Takes a finished run away as a TF.js LayersModel: written beside its place, reloaded by TF.js' own loader, compared with the
 * run on real pictures, and only then put where it was asked for.
 */
import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import type { ExportResult } from '@shared/domain/prediction'
import { StudioError } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import { applyContract } from '../data/preprocess'
import { chooseExecutors } from '../executors/choose'
import type { NetworkGraph } from '../backbones/graph'
import { softmax, trainedGraph } from '../inference/trained-network'
import { withTemperature } from './calibrated'
import { exportReadme } from './readme'
import { reloadLayersModel } from './reload'
import { writeLayersModel } from './write-layers-model'

/** Largest difference of a probability that two ways through the same network may have. */
const TOLERANCE = 1e-3
/** Plain JavaScript takes seconds for a picture. */
const MAX_PROBES_PLAIN = 2

export interface ExportRequest {
  model: TrainedModel
  backbonesDirectories: readonly string[]
  /** Where the model goes: a folder that is empty or does not exist. */
  directory: string
  /** Pictures to compare on; one that cannot be read is passed over. */
  probes: readonly string[]
  /** The prepared TensorFlow, or null: the export is reloaded in plain JavaScript, on two probes at most. */
  runtime: RuntimeLocation | null
}

/**
 * @throws StudioError export/exists, export/failed, export/parity; run/no-checkpoint and backbone/* when the run cannot be loaded.
 *   Nothing is left behind when it throws.
 */
export async function exportLayersModel(request: ExportRequest): Promise<ExportResult> {
  const { model, backbonesDirectories } = request
  const directory = resolve(request.directory)
  await refuseOccupied(directory)
  const graph = await trainedGraph(model, backbonesDirectories)
  const draft = await makeDraft(directory)
  try {
    const files = await writeFiles(graph, model, draft).catch((error: Error) => {
      throw failed(directory, error)
    })
    const parity = await compare(request, graph, draft)
    if (!(parity.maxDifference <= TOLERANCE)) {
      const message = `The reloaded export of '${model.runName}' differs from the run by ${parity.maxDifference}.`
      throw new StudioError('export/parity', message, parity)
    }
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(draft, file))).size))
    await moveInto(draft, directory)
    return { runId: model.runId, directory, files, bytes: sizes.reduce((sum, size) => sum + size, 0), parity }
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function refuseOccupied(directory: string): Promise<void> {
  try {
    if (!(await stat(directory)).isDirectory()) {
      throw new StudioError('export/exists', `'${directory}' is a file.`, { directory })
    }
    if ((await readdir(directory)).length === 0) return
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error instanceof StudioError ? error : failed(directory, error as Error)
  }
  throw new StudioError('export/exists', `'${directory}' is not empty.`, { directory })
}

/** Beside its final place, so that moving it there is one step of the file system. */
async function makeDraft(directory: string): Promise<string> {
  try {
    await mkdir(dirname(directory), { recursive: true })
    const draft = join(dirname(directory), `.${basename(directory)}-${randomUUID()}`)
    await mkdir(draft)
    return draft
  } catch (error) {
    throw failed(directory, error as Error)
  }
}

async function writeFiles(graph: NetworkGraph, model: TrainedModel, directory: string): Promise<string[]> {
  const { runId, runName, backboneId, classes, contract, temperature } = model
  const metadata = { runId, runName, backboneId, classes, contract, temperature }
  const files = await writeLayersModel(withTemperature(graph, temperature), directory, metadata)
  const texts = {
    'labels.json': `${JSON.stringify(classes, null, 2)}\n`,
    'contract.json': `${JSON.stringify(contract, null, 2)}\n`,
    'README.md': exportReadme(model)
  }
  for (const [name, text] of Object.entries(texts)) await writeFile(join(directory, name), text)
  return [...files, ...Object.keys(texts)]
}

async function moveInto(draft: string, directory: string): Promise<void> {
  try {
    // An empty folder at the place is replaced; Windows does not rename over one.
    await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(draft, directory)
  } catch (error) {
    throw failed(directory, error as Error)
  }
}

/** The run through its executor against the export through TF.js, on the same inputs. */
async function compare(request: ExportRequest, graph: NetworkGraph, draft: string): Promise<ExportResult['parity']> {
  const { model, probes, runtime } = request
  const inputs = await readProbes(runtime ? probes : probes.slice(0, MAX_PROBES_PLAIN), model)
  const options = { runtime, threads: availableParallelism(), graph, needsTraining: false }
  const network = await (await chooseExecutors(options)).frozen.load(graph)
  const reloaded = await reloadLayersModel(draft, runtime)
  try {
    let maxDifference = 0
    for (const input of inputs) {
      const expected = softmax(await network.run(input, 1), model.temperature)
      const actual = reloaded.predict(input, 1)
      if (actual.length !== expected.length) maxDifference = Infinity
      // Not Math.max: a NaN must not pass for agreement.
      for (const [index, value] of expected.entries()) {
        const difference = Math.abs(value - actual[index]!)
        if (!(difference <= maxDifference)) maxDifference = difference
      }
    }
    return { maxDifference, tolerance: TOLERANCE, images: inputs.length }
  } finally {
    reloaded.dispose()
    await network.dispose()
  }
}

async function readProbes(paths: readonly string[], model: TrainedModel): Promise<Float32Array[]> {
  const inputs: Float32Array[] = []
  for (const path of paths) {
    const input = await applyContract(path, model.contract).catch((error: unknown) => {
      if (error instanceof StudioError) return null
      throw error
    })
    if (input) inputs.push(input)
  }
  if (inputs.length === 0) {
    throw new StudioError('export/failed', 'None of the pictures to compare the export on can be read.', {
      probes: [...paths]
    })
  }
  return inputs
}

const failed = (directory: string, error: Error): StudioError =>
  new StudioError(
    'export/failed',
    `The export to '${directory}' failed: ${error.message}.`,
    { directory },
    { cause: error }
  )
