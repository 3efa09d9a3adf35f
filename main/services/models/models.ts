/** Backbones: what they are, and what was found out about them on this machine. */
import {
  parityCheckSchema,
  type Backbone,
  type BackboneDescription,
  type BackboneOffer,
  type ParityCheck
} from '@shared/domain/backbone'
import type { SpeedMeasurement } from '@shared/domain/device'
import type { Job } from '@shared/domain/job'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError, toErrorData } from '@shared/errors'
import type { Store } from '../../store/store'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { Answer, InferClient } from '../inference/infer-client'
import type { JobsService } from '../jobs/jobs'
import type { Log } from '../log/log'
import { readCatalogue } from './catalogue'
import { ModelLibrary, type CreateModel, type ImportModel, type LibraryContext } from './library'
import { Shelf } from './shelf'
import { forgetSpeed, keepSpeeds, readSpeeds } from './speeds'

export type Preview = Pick<Extract<Answer, { type: 'previewed' }>, 'crop' | 'seen' | 'range'>

/** A check holds for one set of weights. */
const parityFact = (backbone: BackboneDescription): string => `parity/${backbone.id}/${backbone.weightsHash}`

export interface ModelsContext {
  store: Store
  host: WorkerHost
  jobs: JobsService
  infer: InferClient
  log: Pick<Log, 'error'>
  /** Folder of the embedded backbones. */
  embedded: string
  /** Folder of the imported ones; made when the first one comes. */
  imported: string
  /** Resolves once it is known what there is to compute with. */
  compute: LibraryContext['compute']
  isAlive: (pid: number) => boolean
  /** @throws StudioError image/not-found */
  imageFile(imageId: number): Promise<{ path: string }>
}

export class ModelsService {
  private catalogue: Promise<BackboneDescription[]> | null = null
  private readonly checking = new Map<string, Promise<ParityCheck>>()
  private readonly listeners = new Set<() => void>()
  private readonly shelf: Shelf
  private readonly library: ModelLibrary

  constructor(private readonly context: ModelsContext) {
    const { store, host, jobs, compute } = context
    this.shelf = new Shelf(context.imported, context.isAlive)
    this.library = new ModelLibrary({
      ...{ store, host, jobs, compute, shelf: this.shelf },
      all: () => this.files(),
      onArrived: async (_, measurements) => {
        await keepSpeeds(store.facts, measurements)
        this.changed()
      },
      onGone: async (backboneId) => {
        await forgetSpeed(store.facts, backboneId)
        context.infer.forgetBackbones()
        this.changed()
      }
    })
  }

  /** Removes what imports of former processes left behind. Call it once, before anything else. */
  async open(): Promise<void> {
    await this.shelf.clean()
  }

  async list(): Promise<Backbone[]> {
    return Promise.all((await this.files()).map((file) => this.complete(file)))
  }

  /** @throws StudioError backbone/not-found */
  async get(backboneId: string): Promise<Backbone> {
    return this.complete(await this.file(backboneId))
  }

  /**
   * By id, name, or the beginning of an id.
   * @throws StudioError backbone/not-found, backbone/ambiguous
   */
  async resolve(reference: string): Promise<Backbone> {
    const all = await this.files()
    const ways: ((backbone: BackboneDescription) => boolean)[] = [
      ({ id }) => id === reference,
      ({ name }) => name.toLowerCase() === reference.toLowerCase(),
      ({ id }) => reference !== '' && id.startsWith(reference)
    ]
    for (const way of ways) {
      const found = all.filter(way)
      if (found.length === 1) return this.complete(found[0]!)
      if (found.length > 1) {
        const ids = found.map(({ id }) => id)
        const message = `'${reference}' means ${found.length} backbones: ${ids.join(', ')}.`
        throw new StudioError('backbone/ambiguous', message, { reference, candidates: ids })
      }
    }
    throw notFound(reference, all)
  }

  import = (input: ImportModel): Promise<Job> => this.library.import(input)
  offers = (): Promise<BackboneOffer[]> => this.library.offers()
  create = (input: CreateModel): Promise<Job> => this.library.create(input)
  fetch = (reference: string): Promise<Job> => this.library.fetch(reference)

  async rename(backboneId: string, name: string): Promise<Backbone> {
    return this.told(await this.library.rename(backboneId, name))
  }

  async setContract(backboneId: string, contract: PreprocessingContract): Promise<Backbone> {
    return this.told(await this.library.setContract(backboneId, contract))
  }

  remove = (backboneId: string, force?: boolean): Promise<void> => this.library.remove(backboneId, force)

  /**
   * Checks once that the two forms of a backbone agree; the result is kept for as long as its weights stay the same.
   *
   * @throws StudioError backbone/not-found, worker/crashed
   */
  async checkParity(backboneId: string): Promise<ParityCheck> {
    const file = await this.file(backboneId)
    const known = await this.knownParity(file)
    if (known) return known
    let check = this.checking.get(backboneId)
    if (!check) {
      check = this.runParity(file).finally(() => this.checking.delete(backboneId))
      this.checking.set(backboneId, check)
    }
    return check
  }

  /** Checks every backbone that has not been checked on this machine. @throws StudioError worker/crashed */
  async checkAll(): Promise<void> {
    // What is run from its own file by its own runtime has no second form.
    for (const { id, form } of await this.files()) if (form === 'graph') await this.checkParity(id)
  }

  /**
   * Images per second on every executor that is there; the fastest is what `speed` says from then on.
   *
   * @param backboneId left out: every backbone
   * @param quick on what runs it alone
   * @throws StudioError backbone/not-found, worker/crashed
   */
  async measure(backboneId?: string, quick = false): Promise<SpeedMeasurement[]> {
    const files = backboneId === undefined ? await this.files() : [await this.file(backboneId)]
    const title = backboneId === undefined ? 'Measure the backbones' : `Measure ${files[0]!.name}`
    const job = this.context.jobs.start({ kind: 'measure', title, stoppable: false })
    try {
      const measurements: SpeedMeasurement[] = []
      for (const [index, { id, name }] of files.entries()) {
        job.progress({ phase: name, done: index, total: files.length })
        const answer = await this.context.infer.call({ type: 'measure', backboneId: id, quick }, 'measured')
        measurements.push(...answer.measurements)
      }
      await keepSpeeds(this.context.store.facts, measurements)
      this.changed()
      job.done()
      return measurements
    } catch (error) {
      job.fail(toErrorData(error))
      throw error
    }
  }

  /** A picture as a backbone sees it. @throws StudioError image/not-found, backbone/not-found, image/corrupt */
  async preview(backboneId: string, imageId: number, contract: PreprocessingContract | null): Promise<Preview> {
    const { path } = await this.context.imageFile(imageId)
    const answer = await this.context.infer.call(
      {
        type: 'preview',
        contract: contract ?? (await this.file(backboneId)).contract,
        path
      },
      'previewed'
    )
    const { crop, seen, range } = answer
    return { crop, seen, range }
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Stops imports on their way. */
  close = (): Promise<void> => this.library.close()

  /** The embedded ones are read once; of the others another process may have brought one since. */
  private async files(): Promise<BackboneDescription[]> {
    const { embedded, imported, log } = this.context
    this.catalogue ??= readCatalogue(embedded)
    try {
      const own = await readCatalogue(imported, (error) => log.error('a backbone cannot be read', error))
      const given = await this.catalogue
      return [...given, ...own.filter(({ id }) => !given.some((other) => other.id === id))]
    } catch (error) {
      this.catalogue = null
      throw error
    }
  }

  private async file(backboneId: string): Promise<BackboneDescription> {
    const files = await this.files()
    const file = files.find(({ id }) => id === backboneId)
    if (file) return file
    throw notFound(backboneId, files)
  }

  private async complete(file: BackboneDescription): Promise<Backbone> {
    const speeds = await readSpeeds(this.context.store.facts)
    return {
      ...file,
      origin: file.provenance ? 'imported' : 'embedded',
      parity: await this.knownParity(file),
      speed: speeds[file.id] ?? null
    }
  }

  private async knownParity(file: BackboneDescription): Promise<ParityCheck | null> {
    const known = parityCheckSchema.safeParse(await this.context.store.facts.get(parityFact(file)))
    return known.success ? known.data : null
  }

  private async runParity(file: BackboneDescription): Promise<ParityCheck> {
    const answer = await this.context.infer.call({ type: 'parity', backboneId: file.id }, 'parity')
    const { between, maxDifference, tolerance } = answer
    const check: ParityCheck = { between, maxDifference, tolerance, passed: maxDifference <= tolerance }
    await this.context.store.facts.set(parityFact(file), check)
    this.changed()
    return check
  }

  private async told(file: BackboneDescription): Promise<Backbone> {
    this.context.infer.forgetBackbones()
    this.changed()
    return this.complete(file)
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}

function notFound(reference: string, all: readonly BackboneDescription[]): StudioError {
  const known = all.map(({ id }) => id)
  return new StudioError('backbone/not-found', `There is no backbone '${reference}'.`, { backboneId: reference, known })
}
