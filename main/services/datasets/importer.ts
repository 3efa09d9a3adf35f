/** One import: a worker reads the folder, the store takes over what it found, all of it or nothing. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset } from '@shared/domain/dataset'
import { StudioError } from '@shared/errors'
import { importScanSchema, type ImportScan } from '@shared/worker-protocol/import'
import type { DatasetStore } from '../../store/store'
import { WorkerConversation } from '../../supervisor/supervisor'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { JobHandle } from '../jobs/jobs'
import { planImport } from './plan'

/** A worker that was asked to stop has at most its pictures in hand to finish. */
const STOP_GRACE_MS = 10_000

export interface ImportContext {
  store: DatasetStore
  host: WorkerHost
  thumbnailDirectory: string
  dataset: Dataset
  job: Pick<JobHandle, 'progress'>
  signal: AbortSignal
}

/**
 * @returns the dataset as it is from now on, or null when the signal stopped the import: then nothing was changed.
 * @throws StudioError dataset/*, store/disk-full, worker/crashed; then nothing was changed either
 */
export async function runImport(context: ImportContext): Promise<Dataset | null> {
  const { store, dataset, job, signal } = context
  const startedAt = performance.now()
  const known = await store.known(dataset.id)
  const directory = await mkdtemp(join(tmpdir(), 'whetstone-import-')).catch(refuseDisk)
  try {
    const files = { knownFile: join(directory, 'known.json'), resultFile: join(directory, 'scan.json') }
    await writeFile(files.knownFile, JSON.stringify(known)).catch(refuseDisk)
    const completed = await scan(context, files)
    if (!completed || signal.aborted) return null
    const found = importScanSchema.parse(JSON.parse(await readFile(files.resultFile, 'utf8'))) satisfies ImportScan
    job.progress({ phase: 'Saving', done: 0, total: 0 })
    const durationMs = performance.now() - startedAt
    const changes = planImport(found, { dataset, known, durationMs, finishedAt: Date.now() })
    return await store.applyImport(dataset.id, changes)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** @returns whether the worker got to the end. */
async function scan(
  { host, thumbnailDirectory, dataset, job, signal }: ImportContext,
  files: { knownFile: string; resultFile: string }
): Promise<boolean> {
  if (signal.aborted) return false
  const worker = new WorkerConversation(host, 'import', (message) => {
    if (message.type === 'progress') job.progress(message)
  })
  const stop = (): void => worker.stop({ type: 'stop' }, STOP_GRACE_MS)
  signal.addEventListener('abort', stop, { once: true })
  try {
    worker.send({ type: 'start', job: { root: dataset.root, thumbnailDirectory, ...files } })
    return (await worker.ended).outcome === 'completed'
  } catch (error) {
    // It was to end, and did so in its own way.
    if (signal.aborted) return false
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.exited
  }
}

function refuseDisk(error: NodeJS.ErrnoException): never {
  const full = error.code === 'ENOSPC' || error.code === 'EDQUOT'
  const message = `The folder for temporary files '${tmpdir()}' cannot be written: ${error.message}.`
  throw new StudioError(full ? 'store/disk-full' : 'store/unwritable', message, { folder: tmpdir() }, { cause: error })
}
