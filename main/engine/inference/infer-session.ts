/** What the infer worker keeps between requests: the executor, the backbones it has read, and the run that was asked for last. */
import type { TrainedModel } from '@shared/worker-protocol/infer'
import { loadBackbone, type LoadedBackbone } from '../backbones/load-backbone'
import { availableExecutors, chooseExecutors, type ExecutorOptions } from '../executors/choose'
import type { Executor, NetworkUse } from '../executors/executor'
import { openExplained, type ExplainedNetwork } from './heat/explained-network'
import { KeptFew } from './kept-few'
import { SimilarImages } from './similar/similar-images'
import { loadTrainedNetwork, type TrainedNetwork } from './trained-network'

/** Two, so that two runs can be looked at side by side. */
const MOST_EXPLAINED = 2

export interface InferSessionOptions extends ExecutorOptions {
  backbonesDirectories: string[]
}

interface Loaded {
  /** Of the run: networks of another one are not kept. */
  key: string
  model: Promise<TrainedNetwork>
  /** Requests that are using it. */
  users: number
}

export class InferSession {
  private readonly chosen = new Map<string, Promise<Executor>>()
  private readonly backbones = new Map<string, Promise<LoadedBackbone>>()
  private readonly loaded = new Map<NetworkUse, Loaded>()
  private readonly explained = new KeptFew<ExplainedNetwork>(MOST_EXPLAINED)
  readonly similar = new SimilarImages()

  constructor(readonly options: InferSessionOptions) {}

  /** @throws StudioError backbone/* */
  backbone(id: string): Promise<LoadedBackbone> {
    return remember(this.backbones, id, () => loadBackbone(this.options.backbonesDirectories, id))
  }

  /** The executor for frozen networks of a form, chosen once. @throws StudioError device/no-executor, runtime/not-ready */
  frozenExecutor({ info: { form }, features }: LoadedBackbone): Promise<Executor> {
    const choose = () => chooseExecutors({ ...this.options, form, graph: features, needsTraining: false })
    return remember(this.chosen, form, async () => (await choose()).frozen)
  }

  /** Every executor that is there. */
  async executors(): Promise<Executor[]> {
    return (await availableExecutors(this.options)).executors
  }

  /**
   * Runs `work` with a run's network. It stays loaded until another run is asked for, and at least until `work` has ended.
   * @param use `stream` for many pictures: a network of its own, beside the one that answers single ones at once.
   * @throws StudioError backbone/*, run/no-checkpoint, device/no-executor
   */
  async withModel<T>(
    model: TrainedModel,
    work: (network: TrainedNetwork) => Promise<T>,
    use: NetworkUse = 'single'
  ): Promise<T> {
    const entry = this.entryFor(model, use)
    entry.users++
    try {
      return await work(await entry.model)
    } finally {
      entry.users--
      this.release(entry)
    }
  }

  /** The same for a network that says where it looks. @throws StudioError backbone/*, run/no-checkpoint, device/no-executor */
  withExplained<T>(model: TrainedModel, work: (network: ExplainedNetwork) => Promise<T>): Promise<T> {
    const open = async (): Promise<ExplainedNetwork> => {
      const backbone = await this.backbone(model.backboneId)
      return openExplained(model, backbone, await this.frozenExecutor(backbone))
    }
    return this.explained.use(JSON.stringify(model), open, work)
  }

  private entryFor(model: TrainedModel, use: NetworkUse): Loaded {
    const key = JSON.stringify(model)
    const known = this.loaded.get(use)
    if (known?.key === key) return known
    const previous = [...this.loaded].filter(([, entry]) => entry.key !== key)
    for (const [otherUse] of previous) this.loaded.delete(otherUse)
    const entry: Loaded = { key, users: 0, model: this.load(model, use) }
    this.loaded.set(use, entry)
    // What did not load is read anew at the next request.
    entry.model.catch(() => {
      if (this.loaded.get(use) === entry) this.loaded.delete(use)
    })
    for (const [, old] of previous) this.release(old)
    return entry
  }

  private async load(model: TrainedModel, use: NetworkUse): Promise<TrainedNetwork> {
    const backbone = await this.backbone(model.backboneId)
    return loadTrainedNetwork(model, backbone, await this.frozenExecutor(backbone), use)
  }

  private release(entry: Loaded): void {
    if (entry.users > 0 || [...this.loaded.values()].includes(entry)) return
    entry.model.then(({ network }) => network.dispose()).catch(() => undefined)
  }
}

/** A promise that failed is forgotten, so that the next call tries again. */
function remember<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let promise = known.get(key)
  if (!promise) {
    promise = make()
    known.set(key, promise)
    promise.catch(() => known.delete(key))
  }
  return promise
}
