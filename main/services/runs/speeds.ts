/** How fast this machine turned out to be, from the runs it made: what estimates are computed from. */
import { z } from 'zod'
import { PENALTIES } from '@shared/domain/penalties'
import type { TrainingConfig } from '@shared/domain/training-config'
import type { TrainJob } from '@shared/worker-protocol/train'
import type { FactStore } from '../../store/store'
import type { LastMessageFrom } from '../../supervisor/protocols'
import { courseOf } from './course'
import type { PhaseClock } from './phase-clock'

const FACT = 'speeds/runs'

/** Fewer features than this were computed too quickly to say how long one takes. */
const MIN_MEASURED_FEATURES = 50

/** Newer measurements count for half: machines and drivers change. */
const NEW_SHARE = 0.5

const speedsSchema = z.record(z.string(), z.number().positive())
/** Seconds an image, by key: of one frozen pass, or of one training step's share. */
export type Speeds = z.infer<typeof speedsSchema>

/** @param precision of the frozen layers */
export const featureKey = (
  backboneId: string,
  size: number,
  executor: string,
  precision: TrainingConfig['frozenPrecision'] = 'float32'
): string => `features/${backboneId}/${size}/${executor}${precision === 'int8' ? '/int8' : ''}`
export const headKey = (backboneId: string, { head }: TrainingConfig): string =>
  head.method === 'lbfgs' ? `head/${backboneId}/lbfgs` : `head/${backboneId}/${head.batchSize}`

/** How often a head passes over its images, in the unit of its speed: an epoch, or the sweep's share for one penalty. */
export const headPasses = ({ head }: TrainingConfig): number => {
  if (head.method === 'gradient') return head.epochs
  return head.penalty === 'auto' ? PENALTIES.length : 1
}

/** Frozen layers whose answers are read back cost next to nothing: such runs say nothing about the others, nor they about them. */
export const fineTuneKey = (backboneId: string, size: number, config: TrainingConfig): string => {
  const { unfreeze, batchSize, precision } = config.fineTune
  const rounded = precision === 'float32' ? '' : `/${precision}`
  const prefix = keepsPrefix(config) ? '/kept' : unfreeze !== 'all' && config.frozenPrecision === 'int8' ? '/int8' : ''
  return `finetune/${backboneId}/${size}/${unfreeze}/${batchSize}${rounded}${prefix}`
}

/** Whether an epoch reads the frozen layers' answers to the one before: only where both see the same pictures. */
function keepsPrefix({ augmentation, fineTune }: TrainingConfig): boolean {
  const { unfreeze, cachePrefix, mixup, cutmix } = fineTune
  const { randAugment, ...others } = augmentation
  const varies = Object.values(others).some(Boolean) || randAugment.operations > 0 || mixup > 0 || cutmix > 0
  return unfreeze !== 'all' && cachePrefix !== 'off' && !varies
}

export async function readSpeeds(facts: FactStore): Promise<Speeds> {
  const parsed = speedsSchema.safeParse(await facts.get(FACT))
  return parsed.success ? parsed.data : {}
}

/** What a run measured. @param executor of the frozen part */
export function measuredSpeeds(
  { config, contract, images }: TrainJob,
  { features, seconds }: LastMessageFrom<'train'>,
  executor: string | undefined,
  clock: PhaseClock
): Speeds {
  const speeds: Speeds = {}
  if (executor && features.computed >= MIN_MEASURED_FEATURES && seconds.features > 0) {
    speeds[featureKey(config.backboneId, contract.size, executor, config.frozenPrecision)] =
      seconds.features / features.computed
  }
  const training = images.filter(({ split }) => split === 'train').length
  const head = clock.secondsPerStep('head')
  if (head !== null) {
    const perStep = config.head.method === 'lbfgs' ? training : config.head.batchSize
    speeds[headKey(config.backboneId, config)] = head / Math.max(1, perStep)
  }
  const fineTune = clock.secondsPerStep('finetune')
  if (fineTune !== null && training > 0) {
    speeds[fineTuneKey(config.backboneId, contract.size, config)] =
      fineTune / courseOf(training, config.fineTune).imagesPerStep
  }
  return speeds
}

/** Adds what a run measured. */
export async function learnSpeeds(facts: FactStore, measured: Speeds): Promise<void> {
  const speeds = await readSpeeds(facts)
  for (const [key, seconds] of Object.entries(measured)) {
    const before = speeds[key]
    speeds[key] = before === undefined ? seconds : before * (1 - NEW_SHARE) + seconds * NEW_SHARE
  }
  await facts.set(FACT, speeds)
}
