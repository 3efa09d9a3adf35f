/** Whether anything holds the training back from learning its pictures by heart. */
import type { TrainingConfig } from '@shared/domain/training-config'
import { isAugmenting } from '../../data/augment/draw'
import { found, passed, type Check } from '../check'
import { learningPart } from '../learning-part'
import { weightKeysOf } from '../../backbones/shapes'
import type { Examination } from '../examination'

/** Training pictures of a class from which a head alone can do without. */
const MANY = 1000

export const regularisationCheck: Check = {
  code: 'training/no-regularisation',
  phase: 'Looking for regularisation',
  async run(examination) {
    const { config, classes, trainCount } = examination
    const present = regularisersOf(config)
    const perClass = Math.round(trainCount / Math.max(1, classes.length))
    const learning = await learningParameters(examination)
    const size = `${learning.toLocaleString('en')} weights learn from ${trainCount} pictures, ${perClass} a class`
    if (present.length > 0)
      return [passed('training/no-regularisation', `${size}; held back by ${present.join(', ')}.`)]
    if (perClass >= MANY) return [passed('training/no-regularisation', `${size}: enough to do without.`)]
    const { enabled, restoreBest } = config.earlyStopping
    const stops = enabled && restoreBest
    return [
      found('training/no-regularisation', {
        severity: 'warning',
        weight: (stops ? 4 : 6) + Math.min(6, Math.log10(Math.max(1, learning / Math.max(1, trainCount)))),
        title: 'Nothing holds the training back from learning its pictures by heart.',
        evidence: {
          text:
            `${size}, without weight decay, dropout, label smoothing or augmentation` +
            (ignoresDecay(config) ? ' (Adam ignores its weight decay)' : '') +
            (stops ? '; the best epoch is kept, which limits it.' : '.'),
          value: 0,
          expected: 1
        },
        repair: { label: 'Add what the default has', changes: repairOf(config) }
      })
    ]
  }
}

/** Of the phase that learns last. */
export function regularisersOf(config: TrainingConfig): string[] {
  const { head, fineTune, augmentation, mode } = config
  const phase = mode === 'head' ? head : fineTune
  const names: string[] = []
  if (mode === 'head' && head.method === 'lbfgs') {
    if (head.penalty === 'auto' || head.penalty > 0) names.push('an L2 penalty')
  } else {
    if (phase.weightDecay > 0 && phase.optimizer !== 'adam') names.push(`weight decay ${phase.weightDecay}`)
    if (phase.dropout > 0) names.push(`dropout ${phase.dropout}`)
  }
  if (phase.labelSmoothing > 0) names.push(`label smoothing ${phase.labelSmoothing}`)
  if (mode === 'finetune') {
    if (isAugmenting(augmentation)) names.push('augmentation')
    if (fineTune.mixup > 0) names.push('mixup')
    if (fineTune.cutmix > 0) names.push('CutMix')
  }
  return names
}

const ignoresDecay = ({ mode, head, fineTune }: TrainingConfig): boolean => {
  const phase = mode === 'head' ? head : fineTune
  return phase.optimizer === 'adam' && phase.weightDecay > 0
}

function repairOf({ mode, head }: TrainingConfig): Record<string, string | number | boolean> {
  if (mode === 'head' && head.method === 'lbfgs') return { 'head.penalty': 'auto' }
  if (mode === 'head') {
    return { 'head.optimizer': 'adamw', 'head.weightDecay': 0.05, 'head.dropout': 0.5, 'head.labelSmoothing': 0.05 }
  }
  return {
    'fineTune.optimizer': 'adamw',
    'fineTune.weightDecay': 0.05,
    'fineTune.dropout': 0.2,
    'augmentation.flip': true,
    'augmentation.shift': 0.06,
    'augmentation.zoom': 0.1
  }
}

/** The head's, and in a fine-tune those of the blocks that learn. */
export async function learningParameters(examination: Examination): Promise<number> {
  const { config, classes } = examination
  const { info, features } = await examination.backbone()
  const top = config.head.input === 'logits' ? await examination.top() : null
  const inputs = top?.classes ?? info.featureWidth
  const { hiddenUnits } = config.head
  const head = hiddenUnits
    ? (inputs + 1) * hiddenUnits + (hiddenUnits + 1) * classes.length
    : (inputs + 1) * classes.length
  if (config.mode === 'head' || !features) return head
  const part = learningPart(features, config.fineTune.unfreeze)
  const keys = new Set(part.nodes.flatMap(weightKeysOf))
  return head + [...keys].reduce((sum, key) => sum + (part.weights.get(key)?.data.length ?? 0), 0)
}
