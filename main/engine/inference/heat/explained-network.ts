/** A finished run, ready to say where it looks: its network in two where its layers are known, and as a whole. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import { atInputSize, type LoadedBackbone } from '../../backbones/load-backbone'
import type { Executor, FrozenNetwork } from '../../executors/executor'
import { rangesBeside } from '../../training/frozen-precision'
import { applyCheckpoint, readCheckpoint } from '../checkpoint'
import { loadTrainedNetwork } from '../trained-network'
import { gradCam, type HeatGrid } from './grad-cam'
import { splitAtLastMap } from './last-map'
import { openTail, type Tail } from './tail-gradient'

export interface ExplainedNetwork {
  classes: readonly string[]
  contract: PreprocessingContract
  /** Of the run's calibration: scores are divided by it before the softmax. */
  temperature: number
  /** @param batch NHWC @returns [count, classes], before the softmax */
  scores(batch: Float32Array, count: number): Promise<Float32Array>
  /** Of one picture. Null where the network does not allow it: `reason` says why. */
  gradCam: ((input: Float32Array) => Promise<GradCamView>) | null
  reason: string | null
  dispose(): Promise<void>
}

export interface GradCamView {
  scores: Float32Array
  of(classIndex: number): HeatGrid
}

/**
 * Networks are loaded when they are first asked for: a map takes one pass through the body, occlusion takes the whole.
 * @throws StudioError backbone/*, run/no-checkpoint
 */
export async function openExplained(
  model: TrainedModel,
  backbone: LoadedBackbone,
  executor: Executor
): Promise<ExplainedNetwork> {
  const whole = lazily(async () => (await loadTrainedNetwork(model, backbone, executor)).network)
  const split = await splitModel(model, backbone)
  const ranges = await rangesBeside(model.checkpointFile)
  const body = lazily(() => executor.load((split as Split).body, 'single', ranges))
  return {
    classes: model.classes,
    contract: model.contract,
    temperature: model.temperature,
    scores: async (batch, count) => (await whole.get()).run(batch, count),
    gradCam: 'reason' in split ? null : async (input) => viewOf(await body.get(), split.tail, input),
    reason: 'reason' in split ? split.reason : null,
    async dispose() {
      await Promise.all([whole.dispose(), body.dispose()])
    }
  }
}

type Split = { body: Parameters<Executor['load']>[0]; tail: Tail }

async function splitModel(model: TrainedModel, backbone: LoadedBackbone): Promise<Split | { reason: string }> {
  const { info } = backbone
  const { features } = atInputSize(backbone, model.contract.size)
  if (!features) return { reason: `'${info.name}' is kept as ${info.form}, whose feature maps cannot be reached` }
  const halves = splitAtLastMap(applyCheckpoint(features, await readCheckpoint(model.checkpointFile)))
  if (!halves) return { reason: `'${info.name}' has no feature map that all of it goes through` }
  const tail = openTail(halves.tail)
  if ('unsupported' in tail) return { reason: `'${info.name}' has ${tail.unsupported} behind its last feature map` }
  return { body: halves.body, tail }
}

async function viewOf(body: FrozenNetwork, tail: Tail, input: Float32Array): Promise<GradCamView> {
  const map = await body.run(input, 1)
  const shape = body.outputShape as [number, number, number]
  return { scores: tail.scores(map), of: (classIndex) => gradCam(map, tail.gradient(map, classIndex), shape) }
}

function lazily(load: () => Promise<FrozenNetwork>): { get(): Promise<FrozenNetwork>; dispose(): Promise<void> } {
  let network: Promise<FrozenNetwork> | null = null
  return {
    get: () =>
      (network ??= load().catch((error: unknown) => {
        network = null
        throw error
      })),
    async dispose() {
      await network?.then((loaded) => loaded.dispose()).catch(() => undefined)
    }
  }
}
