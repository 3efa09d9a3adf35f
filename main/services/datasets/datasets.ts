/** Datasets: folders of labelled images, imported in place, looked at again, split, shown and forgotten. */
import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import type { Dataset, DatasetClass, ImageFilter, ImageRecord, ImportReport } from '@shared/domain/dataset'
import type { Job } from '@shared/domain/job'
import { isSettled } from '@shared/domain/run'
import { StudioError, toErrorData } from '@shared/errors'
import type { Store } from '../../store/store'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { JobHandle, JobsService } from '../jobs/jobs'
import { findDatasetFindings } from './findings'
import { runImport } from './importer'
import { imageFile, thumbnailFile } from './media'
import { contentHash } from './plan'
import { resolveRoot } from './root'
import { stratifiedSplit } from './split'

/** With this seed a dataset is split unless another is asked for. */
const DEFAULT_SPLIT_SEED = 1

const SAMPLE_NAME = 'Emoji'

export interface DatasetsOptions {
  store: Pick<Store, 'datasets' | 'runs'>
  host: WorkerHost
  jobs: JobsService
  /** Thumbnails are kept in `<home>/thumbnails`. */
  home: string
  /** The embedded sample. */
  sampleDirectory: string
  isAlive?: (pid: number) => boolean
}

export interface ImportInput {
  path: string
  name?: string
  /** Counts at the first import of a folder only: a dataset keeps its split. */
  splitSeed?: number
}

export interface StartedImport {
  dataset: Dataset
  job: Job
}

interface ActiveImport {
  stop: AbortController
  ended: Promise<void>
}

export class DatasetsService {
  private readonly store: Store['datasets']
  private readonly thumbnails: string
  private readonly active = new Map<string, ActiveImport>()
  private readonly listeners = new Set<() => void>()
  private cleaned: Promise<void> | null = null

  constructor(private readonly options: DatasetsOptions) {
    this.store = options.store.datasets
    this.thumbnails = join(options.home, 'thumbnails')
  }

  /** Newest first. */
  async list(): Promise<Dataset[]> {
    await this.clean()
    return this.store.list()
  }

  /** @throws StudioError dataset/not-found */
  async get(id: string): Promise<Dataset> {
    const dataset = await this.store.get(id)
    if (!dataset) throw notFound(id)
    return dataset
  }

  /**
   * By id, name, folder, or the beginning of an id.
   * @throws StudioError dataset/not-found, dataset/ambiguous
   */
  async resolve(reference: string): Promise<Dataset> {
    const all = await this.list()
    const root = await resolveRoot(reference).catch(() => null)
    const ways: ((dataset: Dataset) => boolean)[] = [
      ({ id }) => id === reference,
      ({ name }) => name === reference,
      (dataset) => dataset.root === root,
      ({ id }) => reference !== '' && id.startsWith(reference)
    ]
    for (const way of ways) {
      const found = all.filter(way)
      if (found.length === 1) return found[0]!
      if (found.length > 1) {
        const candidates = found.map(({ id, name, root: folder }) => ({ id, name, root: folder }))
        const message = `'${reference}' means ${found.length} datasets: ${found.map(({ id }) => id).join(', ')}.`
        throw new StudioError('dataset/ambiguous', message, { candidates })
      }
    }
    throw notFound(reference)
  }

  async classes(id: string): Promise<DatasetClass[]> {
    return this.store.classes(id)
  }

  async images(
    id: string,
    filter: ImageFilter,
    offset: number,
    limit: number
  ): Promise<{ total: number; images: ImageRecord[] }> {
    return this.store.images(id, filter, offset, limit)
  }

  /** Of the newest import; null before the first one has ended. */
  async report(id: string): Promise<ImportReport | null> {
    return this.store.report(id)
  }

  /**
   * Starts an import and answers at once; the job tells how it goes. A folder that was imported before is looked at again.
   *
   * @throws StudioError dataset/folder-missing, dataset/not-a-folder, dataset/unreadable-folder, dataset/busy
   */
  async import({ path, name, splitSeed = DEFAULT_SPLIT_SEED }: ImportInput): Promise<StartedImport> {
    const root = await resolveRoot(path)
    await this.clean()
    const known = await this.store.findByRoot(root)
    if (!known) return this.importNew(root, name ?? (await this.freeName(basename(root) || root)), 'folder', splitSeed)
    if (name !== undefined && name !== known.name) await this.rename(known.id, name)
    return this.reimport(known.id)
  }

  /** To be called where an import is sure to follow: its process is started. */
  foresee(): void {
    this.options.host.warm?.('import')
  }

  async importSample(): Promise<StartedImport> {
    const root = await resolveRoot(this.options.sampleDirectory)
    await this.clean()
    const known = await this.store.findByRoot(root)
    return known
      ? this.reimport(known.id)
      : this.importNew(root, await this.freeName(SAMPLE_NAME), 'sample', DEFAULT_SPLIT_SEED)
  }

  /** Looks at the folder again and notices what changed. @throws StudioError dataset/not-found, dataset/busy */
  async reimport(id: string): Promise<StartedImport> {
    const dataset = await this.get(id)
    this.refuseBusy(dataset)
    return this.begin(dataset)
  }

  /**
   * Draws the split anew, also where folders had decided it. What finished runs were measured on stays as it was.
   * @throws StudioError dataset/not-found, dataset/busy
   */
  async resplit(id: string, seed: number): Promise<Dataset> {
    const dataset = await this.get(id)
    this.refuseBusy(dataset)
    const known = await this.store.known(id)
    const splits = stratifiedSplit(
      known.map((image) => ({ ...image, split: null })),
      seed
    )
    const images = known.map((image) => ({ ...image, split: splits.get(image.path)! }))
    const changed = await this.store.applySplit(id, {
      splitSeed: seed,
      splitSource: 'stratified',
      contentHash: contentHash(images),
      findings: findDatasetFindings(images, dataset.refusedCount),
      images: images.map(({ path, split }) => ({ path, split }))
    })
    this.changed()
    return changed
  }

  /** @throws StudioError dataset/not-found */
  async rename(id: string, name: string): Promise<Dataset> {
    const dataset = await this.store.rename(id, name)
    this.changed()
    return dataset
  }

  /**
   * Forgets the dataset. The folder and its files stay as they are, and so do the results of its runs.
   * @throws StudioError dataset/not-found, dataset/busy, dataset/in-use while a run trains on it
   */
  async remove(id: string): Promise<void> {
    const dataset = await this.get(id)
    this.refuseBusy(dataset)
    const active = (await this.options.store.runs.list()).filter((run) => run.datasetId === id && !isSettled(run.state))
    if (active.length > 0) {
      const message = `'${dataset.name}' is in use by the run '${active[0]!.name}'.`
      throw new StudioError('dataset/in-use', message, { runIds: active.map((run) => run.id) })
    }
    await this.store.remove(id)
    this.changed()
  }

  /** The original, without links, and its format. @throws StudioError image/not-found, dataset/folder-missing */
  imageFile(imageId: number): Promise<{ path: string; format: string }> {
    return imageFile(this.store, imageId)
  }

  /** A WebP of at most 192 pixels. @throws StudioError image/not-found */
  thumbnailFile(imageId: number): Promise<string> {
    return thumbnailFile(this.store, this.thumbnails, imageId)
  }

  /** Calls `listener` after each change of a dataset. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Stops imports in progress and waits until they have left nothing half-done. */
  async close(): Promise<void> {
    const active = [...this.active.values()]
    for (const { stop } of active) stop.abort()
    await Promise.all(active.map(({ ended }) => ended))
  }

  private async importNew(
    root: string,
    name: string,
    source: Dataset['source'],
    splitSeed: number
  ): Promise<StartedImport> {
    const id = randomBytes(6).toString('hex')
    return this.begin(await this.store.create({ id, name, root, source, splitSeed }, process.pid))
  }

  private begin(dataset: Dataset): StartedImport {
    const stop = new AbortController()
    const title = `${dataset.state === 'ready' ? 'Look at' : 'Import'} ${dataset.name}`
    const handle = this.options.jobs.start({
      kind: 'import',
      title,
      stoppable: true,
      datasetId: dataset.id,
      onStop: () => stop.abort()
    })
    this.active.set(dataset.id, { stop, ended: this.run(dataset, handle, stop.signal) })
    this.changed()
    return { dataset, job: handle.job() }
  }

  /** Settles the job only once nothing of the import is left to do. Never rejects. */
  private async run(dataset: Dataset, job: JobHandle, signal: AbortSignal): Promise<void> {
    const { host } = this.options
    let settle: () => void
    try {
      const context = { store: this.store, host, thumbnailDirectory: this.thumbnails, dataset, job, signal }
      const imported = await runImport(context)
      settle = imported ? () => job.done() : () => job.cancelled()
      if (!imported) await this.forgetUnfinished(dataset)
    } catch (error) {
      settle = () => job.fail(toErrorData(error))
      await this.forgetUnfinished(dataset).catch(() => undefined)
    }
    this.active.delete(dataset.id)
    settle()
    this.changed()
  }

  /** A first import that did not get to its end leaves no dataset. */
  private async forgetUnfinished({ id, state }: Dataset): Promise<void> {
    if (state === 'importing') await this.store.remove(id)
  }

  private refuseBusy({ id, name, state }: Dataset): void {
    // What is being imported, but not from here, is being imported by another process.
    if (this.active.has(id) || state === 'importing') {
      throw new StudioError('dataset/busy', `'${name}' is being imported.`, { datasetId: id })
    }
  }

  private async freeName(wanted: string): Promise<string> {
    const taken = new Set((await this.store.list()).map(({ name }) => name))
    let name = wanted
    for (let number = 2; taken.has(name); number++) name = `${wanted} ${number}`
    return name
  }

  /** Once: what first imports left behind whose process is gone. */
  private clean(): Promise<void> {
    this.cleaned ??= this.store.dropUnfinished(this.options.isAlive ?? isAlive).then(
      () => undefined,
      (error: unknown) => {
        this.cleaned = null
        throw error
      }
    )
    return this.cleaned
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}

const notFound = (reference: string): StudioError =>
  new StudioError('dataset/not-found', `There is no dataset '${reference}'.`, { dataset: reference })

/** An import of this process is known here, so that its own id can only be that of an earlier process. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
