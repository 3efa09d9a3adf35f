/** Before a run: whether it can start, what it would take, and which features are there already. */
import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { z } from 'zod'
import { assertBfloat16 } from '@shared/domain/bfloat16'
import { assertInt8 } from '@shared/domain/int8'
import type { Backbone } from '@shared/domain/backbone'
import type { DeviceReport } from '@shared/domain/device'
import type { Run } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import { formatPercent } from '@shared/text/format'
import type { RunContext } from './context'
import { configWarnings, estimateSeconds } from './estimate'
import { readSpeeds } from './speeds'
import { assertTrainable, type RunData } from './train-job'

export interface RunEstimate {
  seconds: number | null
  images: number
  classes: number
  cachedFeatures: number
  /** Why it cannot start now, or null. */
  blocked: string | null
  warnings: string[]
}

export interface Startable extends RunData {
  backbone: Backbone
}

/** @throws StudioError dataset/not-found */
export async function readData({ store }: RunContext, datasetId: string): Promise<RunData> {
  const dataset = await store.datasets.get(datasetId)
  if (!dataset) throw new StudioError('dataset/not-found', `There is no dataset '${datasetId}'.`, { datasetId })
  return { dataset, classes: await store.datasets.classes(datasetId) }
}

/** @throws StudioError dataset/*, backbone/not-found, backbone/not-trainable, runtime/not-ready, device/no-bfloat16, device/no-int8 */
export async function assertStartable(
  context: RunContext,
  datasetId: string,
  config: TrainingConfig
): Promise<Startable> {
  const data = await readData(context, datasetId)
  const backbone = await context.backbone(config.backboneId)
  assertTrainable(data)
  await access(data.dataset.root).catch((cause: unknown) => {
    const { name, root } = data.dataset
    throw new StudioError(
      'dataset/folder-missing',
      `The folder of '${name}' is not there: ${root}.`,
      { root },
      { cause }
    )
  })
  if (config.mode === 'finetune' && !backbone.trainable) {
    const message = `'${backbone.name}' cannot be fine-tuned: it is run as it came.`
    throw new StudioError('backbone/not-trainable', message, { backboneId: backbone.id })
  }
  const what = config.mode === 'finetune' ? 'Fine-tuning' : backbone.form === 'saved-model' ? 'A SavedModel' : null
  if (what) await context.compute.known()
  if (what && !context.compute.runtime()) {
    throw new StudioError('runtime/not-ready', whyNoRuntime(what, context.compute.report()), { mode: config.mode })
  }
  if (config.mode === 'finetune' && config.fineTune.precision === 'bfloat16') {
    const { cpu, frozen } = context.compute.report()
    // On a GPU that TensorFlow reaches, it runs the frozen part as well.
    assertBfloat16({ onGpu: frozen === 'tensorflow', multiplies: cpu.bfloat16 ?? false })
  }
  if (config.frozenPrecision === 'int8') assertInt8({ backbone, frozen: context.compute.report().frozen })
  return { ...data, backbone }
}

function whyNoRuntime(what: string, { runtime }: DeviceReport): string {
  if (runtime.state === 'preparing') {
    const share = runtime.progress === null ? '' : ` (${formatPercent(runtime.progress, 0)})`
    return `${what} needs TensorFlow, which is being prepared${share}.`
  }
  if (runtime.error) return `${what} needs TensorFlow, which could not be prepared: ${runtime.error.message}`
  return `${what} needs TensorFlow, which has not been prepared yet.`
}

/** @throws StudioError dataset/not-found, backbone/not-found */
export async function estimateRun(
  context: RunContext,
  datasetId: string,
  config: TrainingConfig,
  othersFirst: boolean
): Promise<RunEstimate> {
  const { dataset, classes } = await readData(context, datasetId)
  const backbone = await context.backbone(config.backboneId)
  const cached = Math.min(await cachedFeatures(context, dataset.contentHash, config), dataset.imageCount)
  const blocked = await assertStartable(context, datasetId, config).then(
    () => null,
    (error: unknown) => {
      if (error instanceof StudioError) return `${error.message} ${error.hint}`
      throw error
    }
  )
  const { frozen } = context.compute.report()
  const speeds = await readSpeeds(context.store.facts)
  const warnings = configWarnings(config, backbone)
  if (othersFirst) warnings.push('Another run is training: this one waits its turn.')
  return {
    seconds: estimateSeconds({ classes, config, backbone, frozen, cachedFeatures: cached, speeds }),
    images: dataset.imageCount,
    classes: classes.length,
    cachedFeatures: cached,
    blocked,
    warnings
  }
}

const CACHED_FACT = 'features/cached'
/** Versions of datasets to remember; the oldest are forgotten first. */
const REMEMBERED = 200
const cachedSchema = z.record(z.string(), z.int())

/** The features of one version of a dataset under one contract, one set of weights and one precision. */
function cacheKey(datasetHash: string, config: TrainingConfig, backbone: Backbone): string {
  const contract = config.contract ?? backbone.contract
  const rounded = config.frozenPrecision === 'int8'
  return createHash('sha256')
    .update(JSON.stringify([datasetHash, contract, backbone.weightsHash, ...(rounded ? ['int8'] : [])]))
    .digest('hex')
}

async function cachedFeatures(context: RunContext, datasetHash: string, config: TrainingConfig): Promise<number> {
  const known = cachedSchema.safeParse(await context.store.facts.get(CACHED_FACT))
  const backbone = await context.backbone(config.backboneId)
  return (known.success && known.data[cacheKey(datasetHash, config, backbone)]) || 0
}

/** After a completed run, every image of its dataset has its feature on disk. */
export async function rememberFeatures(context: RunContext, run: Run): Promise<void> {
  try {
    const { facts } = context.store
    const known = cachedSchema.safeParse(await facts.get(CACHED_FACT))
    const key = cacheKey(run.datasetHash, run.config, await context.backbone(run.config.backboneId))
    const others = Object.entries(known.success ? known.data : {}).filter(([other]) => other !== key)
    await facts.set(CACHED_FACT, Object.fromEntries([...others.slice(1 - REMEMBERED), [key, run.imageCount]]))
  } catch (error) {
    context.log.error('cached features could not be noted', error, { runId: run.id })
  }
}
