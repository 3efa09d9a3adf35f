/**
 * What the checks look at: real pictures of the dataset as the configuration prepares them, their features, and the job. What
 * several checks need is made once, when the first asks for it.
 */
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { DoctorJob } from '@shared/worker-protocol/doctor'
import type { LabelledImage, TrainJob } from '@shared/worker-protocol/train'
import { atInputSize, loadBackbone, type LoadedBackbone } from '../backbones/load-backbone'
import { extractFeatures } from '../data/features'
import { chooseExecutors } from '../executors/choose'
import type { Executor } from '../executors/executor'
import { foldTop, scoresOf, topOf, type DenseLayer } from '../training/backbone-top'
import type { HeadWeights } from '../training/finetune-contract'
import type { FeatureSet } from '../training/head-data'
import { findHeadRuntime, type HeadRuntime } from '../training/head-sessions'
import { openPictures, type Picture } from './pictures'
import { drawSample, holdOut, type HeldOut } from './sample'

/** Ten batches of 32. */
const SAMPLED = 320
/** Of the sample, those that candidates are tried on. */
const PROBED = 32

export class Examination {
  readonly train: TrainJob
  readonly config: TrainingConfig
  /** In force: the backbone's own, or the configuration's. */
  readonly contract: PreprocessingContract
  /** Training images, spread over the classes as evenly as they go. */
  readonly sample: readonly LabelledImage[]
  readonly probe: readonly LabelledImage[]
  private readonly memory = new Map<string, unknown>()

  constructor(
    readonly job: DoctorJob,
    readonly signal: AbortSignal
  ) {
    this.train = job.train
    this.config = job.train.config
    this.contract = job.train.contract
    this.sample = drawSample(this.train.images, SAMPLED, this.config.seed)
    this.probe = this.sample.slice(0, PROBED)
  }

  get classes(): readonly string[] {
    return this.train.classes
  }

  /** Training images. */
  get trainCount(): number {
    return this.once('train count', () => this.train.images.filter(({ split }) => split === 'train').length)
  }

  /** As it was brought in, at the size that it was trained for. */
  backbone(): Promise<LoadedBackbone> {
    return this.once('backbone', () => loadBackbone(this.train.backbonesDirectories, this.config.backboneId))
  }

  /** @throws StudioError config/invalid where it takes no other size */
  sized(size: number): Promise<LoadedBackbone> {
    return this.once(`backbone ${size}`, async () => atInputSize(await this.backbone(), size))
  }

  /** What the frozen part runs on. TensorFlow is loaded only for what runs on nothing else. */
  frozen(): Promise<Executor> {
    return this.once('executor', async () => {
      const { info, features } = await this.backbone()
      const { runtime, threads } = this.train
      const choice = { runtime, threads, form: info.form, graph: features, needsTraining: false }
      return (await chooseExecutors(choice)).frozen
    })
  }

  headRuntime(): HeadRuntime {
    return this.once('head runtime', findHeadRuntime)
  }

  /** The probe's pictures under the geometry of a contract: its crop, filter and size. */
  pictures(contract: PreprocessingContract): Promise<Picture[]> {
    const { size, crop, cropFraction, filter } = contract
    return this.once(`pictures ${JSON.stringify([size, crop, cropFraction, filter])}`, () =>
      openPictures(this.probe, (image) => join(this.train.datasetRoot, image.path), contract)
    )
  }

  /** Pooled features of the sample as the configuration prepares it; out of the cache, and into it. */
  features(): Promise<FeatureSet> {
    return this.once('features', async () => this.featuresOf(await this.sized(this.contract.size), this.contract))
  }

  /** Of another backbone, or under another contract. Images that cannot be read have no row. */
  async featuresOf(
    backbone: LoadedBackbone,
    contract: PreprocessingContract,
    images: readonly LabelledImage[] = this.sample
  ): Promise<FeatureSet> {
    const { features, width, failed } = await extractFeatures({
      images,
      root: this.train.datasetRoot,
      contract,
      backbone,
      executor: await this.frozen(),
      cacheDirectory: this.train.featureCacheDirectory,
      signal: this.signal
    })
    const missing = new Set(failed.map(({ id }) => id))
    const rows = images.flatMap(({ id }, row) => (missing.has(id) ? [] : [row]))
    if (rows.length === 0)
      throw new StudioError('image/unreadable', 'None of the pictures that were tried can be read.')
    const values = new Float32Array(rows.length * width)
    rows.forEach((row, place) => values.set(features.subarray(row * width, (row + 1) * width), place * width))
    return { values, width, labels: Int32Array.from(rows, (row) => images[row]!.classIndex) }
  }

  /** What the head reads, a part of it held out: the features, or where it is put on them the backbone's class scores. */
  headInputs(): Promise<HeldOut> {
    return this.once('head inputs', async () => {
      const top = this.config.head.input === 'logits' ? await this.top() : null
      const features = await this.features()
      return holdOut(top ? await scoresOf(this.headRuntime(), features, top) : features, this.config.seed)
    })
  }

  /** The backbone's own last layer; null where it has none that can be told. */
  top(): Promise<DenseLayer | null> {
    return this.once('top', async () => {
      try {
        return topOf(await this.backbone())
      } catch (error) {
        if (error instanceof StudioError && error.code === 'config/invalid') return null
        throw error
      }
    })
  }

  /** A head on what `headInputs` gives, as a head on the features. */
  async onFeatures(head: HeadWeights): Promise<HeadWeights> {
    const top = this.config.head.input === 'logits' ? await this.top() : null
    return top ? foldTop(this.headRuntime(), head, top) : head
  }

  private once<T>(what: string, make: () => T): T {
    if (!this.memory.has(what)) this.memory.set(what, make())
    return this.memory.get(what) as T
  }
}
