/** Backbones: what they are, and what was found out about them on this machine. */
import { z } from 'zod'
import {
  backboneSchema,
  parityCheckSchema,
  type Backbone,
  type BackboneDescription,
  type ParityCheck
} from '@shared/domain/backbone'
import type { SpeedMeasurement } from '@shared/domain/device'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { StudioError, toErrorData } from '@shared/errors'
import type { Store } from '../../store/store'
import type { Answer, InferClient } from '../inference/infer-client'
import type { JobsService } from '../jobs/jobs'
import { readCatalogue } from './catalogue'

export type Preview = Pick<Extract<Answer, { type: 'previewed' }>, 'crop' | 'seen' | 'range'>

const speedSchema = backboneSchema.shape.speed.unwrap()
const speedsSchema = z.record(z.string(), speedSchema)
const SPEEDS_FACT = 'speeds/backbones'
/** A check holds for one set of weights. */
const parityFact = (backbone: BackboneDescription): string => `parity/${backbone.id}/${backbone.weightsHash}`

export interface ModelsContext {
  store: Store
  jobs: JobsService
  infer: InferClient
  /** Folder of the embedded backbones. */
  directory: string
  /** @throws StudioError image/not-found */
  imageFile(imageId: number): Promise<{ path: string }>
}

export class ModelsService {
  private catalogue: Promise<BackboneDescription[]> | null = null
  private readonly checking = new Map<string, Promise<ParityCheck>>()
  private readonly listeners = new Set<() => void>()

  constructor(private readonly context: ModelsContext) {}

  async list(): Promise<Backbone[]> {
    return Promise.all((await this.files()).map((file) => this.complete(file)))
  }

  /** @throws StudioError backbone/not-found */
  async get(backboneId: string): Promise<Backbone> {
    return this.complete(await this.file(backboneId))
  }

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
    for (const { id } of await this.files()) await this.checkParity(id)
  }

  /** Images per second of every backbone on every executor that is there; the fastest is what `speed` says from then on. */
  async measure(): Promise<SpeedMeasurement[]> {
    const job = this.context.jobs.start({ kind: 'measure', title: 'Measure the backbones', stoppable: false })
    try {
      const files = await this.files()
      const measurements: SpeedMeasurement[] = []
      for (const [index, { id, name }] of files.entries()) {
        job.progress({ phase: name, done: index, total: files.length })
        const answer = await this.context.infer.call({ type: 'measure', backboneId: id }, 'measured')
        measurements.push(...answer.measurements)
      }
      await this.keepSpeeds(measurements)
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

  private async files(): Promise<BackboneDescription[]> {
    this.catalogue ??= readCatalogue(this.context.directory)
    try {
      return await this.catalogue
    } catch (error) {
      this.catalogue = null
      throw error
    }
  }

  private async file(backboneId: string): Promise<BackboneDescription> {
    const files = await this.files()
    const file = files.find(({ id }) => id === backboneId)
    if (file) return file
    const known = files.map(({ id }) => id)
    throw new StudioError('backbone/not-found', `There is no backbone '${backboneId}'.`, { backboneId, known })
  }

  private async complete(file: BackboneDescription): Promise<Backbone> {
    const speeds = speedsSchema.safeParse(await this.context.store.facts.get(SPEEDS_FACT))
    return {
      ...file,
      origin: 'embedded',
      parity: await this.knownParity(file),
      speed: (speeds.success && speeds.data[file.id]) || null
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

  private async keepSpeeds(measurements: SpeedMeasurement[]): Promise<void> {
    const { facts } = this.context.store
    const before = speedsSchema.safeParse(await facts.get(SPEEDS_FACT))
    const speeds = before.success ? before.data : {}
    const measuredAt = Date.now()
    // Slowest first, so that the fastest is what stays.
    for (const found of [...measurements].sort((a, b) => a.imagesPerSecond - b.imagesPerSecond)) {
      const { imagesPerSecond, msPerImage, executor, batchSize } = found
      speeds[found.backboneId] = { imagesPerSecond, msPerImage, executor, batchSize, measuredAt }
    }
    await facts.set(SPEEDS_FACT, speeds)
    this.changed()
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
