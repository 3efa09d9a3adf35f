/** What the infer worker keeps between requests: the executor, the backbones it has read, and the run that was asked for last. */
import type { TrainedModel } from '@shared/worker-protocol/infer'
import { loadBackbone, type LoadedBackbone } from '../backbones/load-backbone'
import { availableExecutors, chooseExecutors, type ExecutorOptions } from '../executors/choose'
import type { Executor } from '../executors/executor'
import { loadTrainedNetwork, type TrainedNetwork } from './trained-network'

export interface InferSessionOptions extends ExecutorOptions {
  backbonesDirectories: string[]
}

interface Loaded {
  key: string
  model: Promise<TrainedNetwork>
  /** Requests that are using it. */
  users: number
}

export class InferSession {
  private readonly chosen = new Map<string, Promise<Executor>>()
  private readonly backbones = new Map<string, Promise<LoadedBackbone>>()
  private loaded: Loaded | null = null

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
   * Runs `use` with a run's network. It stays loaded until another run is asked for, and at least until `use` has ended.
   * @throws StudioError backbone/*, run/no-checkpoint, device/no-executor
   */
  async withModel<T>(model: TrainedModel, use: (network: TrainedNetwork) => Promise<T>): Promise<T> {
    const entry = this.entryFor(model)
    entry.users++
    try {
      return await use(await entry.model)
    } finally {
      entry.users--
      this.release(entry)
    }
  }

  private entryFor(model: TrainedModel): Loaded {
    const key = JSON.stringify(model)
    if (this.loaded?.key === key) return this.loaded
    const previous = this.loaded
    const entry: Loaded = { key, users: 0, model: this.load(model) }
    this.loaded = entry
    // What did not load is read anew at the next request.
    entry.model.catch(() => {
      if (this.loaded === entry) this.loaded = null
    })
    if (previous) this.release(previous)
    return entry
  }

  private async load(model: TrainedModel): Promise<TrainedNetwork> {
    const backbone = await this.backbone(model.backboneId)
    return loadTrainedNetwork(model, backbone, await this.frozenExecutor(backbone))
  }

  private release(entry: Loaded): void {
    if (entry.users > 0 || this.loaded === entry) return
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
