/** What is inside a folded topic, in a line. */
import type { TrainingMode } from '@shared/domain/training-config'
import type { Draft } from './draft'
import type { Topic } from './field-list'

const OPTIMIZER_NAMES: Record<string, string> = { adamw: 'AdamW', adam: 'Adam', sgd: 'SGD', rmsprop: 'RMSprop' }

export function topicSummary(topic: Topic, draft: Draft, mode: TrainingMode): string {
  const value = (key: string): string => String(draft[key] ?? '–')
  const phase = (name: 'head' | 'fineTune'): string =>
    `${OPTIMIZER_NAMES[value(`${name}.optimizer`)] ?? value(`${name}.optimizer`)} at ${value(`${name}.learningRate`)}`
  switch (topic) {
    case 'preprocessing':
      return draft.contract === null
        ? 'as the backbone was trained'
        : 'overridden: not what the backbone was trained on'
    case 'head':
      if (draft['head.method'] === 'lbfgs') return `logistic regression, penalty ${value('head.penalty')}`
      return `${phase('head')}, decay ${value('head.weightDecay')}, dropout ${value('head.dropout')}`
    case 'fineTune':
      return `${value('fineTune.unfreeze') === 'all' ? 'all' : `last ${value('fineTune.unfreeze')}`} blocks, ${phase('fineTune')}`
    case 'schedule': {
      const solved = draft['head.method'] === 'lbfgs'
      const head = solved ? 'head solved' : `${value('head.epochs')} epochs, ${value('head.schedule')}`
      return mode === 'head' ? head : `${head}; then ${value('fineTune.epochs')}, ${value('fineTune.schedule')}`
    }
    case 'augmentation': {
      const mirror = draft['augmentation.flip'] === true ? 'mirror, ' : ''
      return `${mirror}shift ${value('augmentation.shift')}, zoom ${value('augmentation.zoom')}`
    }
    case 'balance': {
      const weights = draft['balance.lossWeights'] === 'balanced' ? 'weighted loss' : null
      const sampling = draft['balance.sampling'] === 'balanced' ? 'balanced draws' : null
      return [weights, sampling].filter(Boolean).join(', ') || 'every image alike'
    }
    case 'stopping':
      return draft['earlyStopping.enabled'] === true
        ? `after ${value('earlyStopping.patience')} epochs without a better one; seed ${value('seed')}`
        : `runs all epochs; seed ${value('seed')}`
  }
}
