/** Which settings make one factor, and which of the causes it belongs to. */
import type { GapCause } from '@shared/domain/explanation'
import type { TrainingConfig } from '@shared/domain/training-config'

export interface FactorKind {
  id: string
  cause: GapCause
  label: string
  /** Dotted keys; `phase.` stands for `head.` and for `fineTune.`. */
  keys: readonly string[]
}

/**
 * The causes are the founding article's: preprocessing that is not the one of the pretrained weights; transfer learning done
 * badly (layers, rate, regularisation, course); a model of the wrong size; the hardware. In the order in which they act.
 */
export const FACTOR_KINDS: readonly FactorKind[] = [
  { id: 'backbone', cause: 'model', label: 'Backbone', keys: ['backboneId'] },
  {
    id: 'range',
    cause: 'preprocessing',
    label: 'Value range and channels',
    keys: ['contract.mean', 'contract.std', 'contract.colorOrder']
  },
  { id: 'resize', cause: 'preprocessing', label: 'Resize method', keys: ['contract.filter'] },
  { id: 'crop', cause: 'preprocessing', label: 'Crop', keys: ['contract.crop', 'contract.cropFraction'] },
  { id: 'size', cause: 'preprocessing', label: 'Input size', keys: ['contract.size'] },
  {
    id: 'trainable',
    cause: 'training',
    label: 'Trainable part',
    keys: ['mode', 'fineTune.unfreeze', 'fineTune.headFirst', 'fineTune.layerDecay', 'fineTune.batchNorm']
  },
  { id: 'head', cause: 'training', label: 'What the head reads', keys: ['head.input', 'head.hiddenUnits'] },
  { id: 'scaling', cause: 'training', label: 'Feature scaling', keys: ['head.scaling'] },
  { id: 'solver', cause: 'training', label: 'Solver of the head', keys: ['head.method'] },
  {
    id: 'optimizer',
    cause: 'training',
    label: 'Optimiser and rate',
    keys: ['phase.optimizer', 'phase.learningRate', 'phase.momentum', 'phase.clipNorm']
  },
  {
    id: 'schedule',
    cause: 'training',
    label: 'Schedule and warm-up',
    keys: ['phase.schedule', 'phase.warmup', 'phase.ema']
  },
  {
    id: 'regularisation',
    cause: 'training',
    label: 'Regularisation',
    keys: ['phase.weightDecay', 'phase.dropout', 'phase.labelSmoothing', 'head.penalty']
  },
  {
    id: 'augmentation',
    cause: 'training',
    label: 'Augmentation',
    keys: ['augmentation.', 'fineTune.mixup', 'fineTune.cutmix']
  },
  {
    id: 'course',
    cause: 'training',
    label: 'Epochs and stopping',
    keys: ['phase.epochs', 'fineTune.maxSteps', 'earlyStopping.']
  },
  { id: 'batch', cause: 'training', label: 'Batch size', keys: ['phase.batchSize', 'fineTune.accumulate'] },
  { id: 'balance', cause: 'training', label: 'Class balance', keys: ['balance.'] },
  { id: 'precision', cause: 'device', label: 'Precision', keys: ['frozenPrecision', 'fineTune.precision'] },
  { id: 'prefix', cause: 'device', label: 'Kept answers of frozen layers', keys: ['fineTune.cachePrefix'] }
]

/** Settings that are no difference by themselves: the name of a recipe, and the seed, which every experiment sets. */
const NO_FACTOR = ['preset', 'seed']

/** Of a setting that a later version brought and nobody has placed yet. */
const OTHER: FactorKind = { id: 'other', cause: 'training', label: 'Other settings', keys: [] }

/** Null: it is no factor. */
export function kindOf(key: string): FactorKind | null {
  if (NO_FACTOR.includes(key)) return null
  const phase = key.replace(/^(head|fineTune)\./, 'phase.')
  const holds = (pattern: string): boolean =>
    pattern.endsWith('.') ? key.startsWith(pattern) : pattern === key || pattern === phase
  return FACTOR_KINDS.find(({ keys }) => keys.some(holds)) ?? OTHER
}

/** Of the head's settings, those that only a head trained by gradient reads. The others a solved one reads as well. */
const GRADIENT_ONLY =
  /^head\.(epochs|batchSize|optimizer|learningRate|momentum|weightDecay|schedule|warmup|dropout|clipNorm|ema|hiddenUnits)$/
/** How the head is trained: read by nobody where fine-tuning begins without it. */
const HEAD_TRAINING =
  /^head\.(epochs|batchSize|optimizer|learningRate|momentum|weightDecay|schedule|warmup|labelSmoothing|clipNorm|ema|penalty|method)$/

/** Whether a configuration's training reads a setting at all: a difference in what is not read is none. */
export function isRead(key: string, config: TrainingConfig): boolean {
  const { mode, head, fineTune } = config
  if (mode === 'head' && /^(fineTune|augmentation)\./.test(key)) return false
  if (mode === 'finetune' && !fineTune.headFirst && HEAD_TRAINING.test(key)) return false
  if (key === 'contract.cropFraction' && config.contract && config.contract.crop !== 'center-crop') return false
  if (head.method === 'lbfgs') return !GRADIENT_ONLY.test(key) && (key !== 'balance.sampling' || mode === 'finetune')
  return key !== 'head.penalty'
}
