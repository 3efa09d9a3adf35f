/** What a factor is in one of the two runs, in a few words. */
import { valueRange, type PreprocessingContract } from '@shared/domain/preprocessing'
import { formatNumber } from '@shared/text/format'
import type { Factor } from './factors'
import { OWN, type Contracts, type Settings } from './settings'

/** Settings named one by one; of more, only how many there are. */
const NAMED = 4

const SHORT: Record<string, string> = {
  learningRate: 'rate',
  weightDecay: 'decay',
  labelSmoothing: 'smoothing',
  batchSize: '',
  optimizer: '',
  schedule: '',
  mode: '',
  scaling: '',
  method: '',
  precision: '',
  backboneId: '',
  input: '',
  filter: '',
  crop: '',
  enabled: 'early stopping',
  restoreBest: 'best epoch kept',
  clipNorm: 'clipped at',
  cropFraction: 'share'
}

export function describeSide(
  { id, keys }: Pick<Factor, 'id' | 'keys'>,
  settings: Settings,
  contracts: Contracts
): string {
  const contract = contracts(String(settings.get('backboneId')))
  if (id === 'range') return describeRange(keys, settings, contract)
  if (keys.includes('mode')) return describeMode(settings)
  const parts = keys.map((key) => describeSetting(key, settings, contract))
  const named = parts.slice(0, NAMED)
  return parts.length > NAMED ? `${named.join(', ')} and ${parts.length - NAMED} more` : named.join(', ')
}

function describeMode(settings: Settings): string {
  if (settings.get('mode') === 'head') return 'a head on the frozen backbone'
  const unfreeze = settings.get('fineTune.unfreeze')
  return unfreeze === 'all'
    ? 'the whole backbone'
    : `the last ${unfreeze === 1 ? 'block' : `${String(unfreeze)} blocks`}`
}

/** The values that the network sees, which says more than mean and deviation. */
function describeRange(keys: readonly string[], settings: Settings, own: PreprocessingContract): string {
  const value = <K extends keyof PreprocessingContract>(key: K): PreprocessingContract[K] => {
    const set = settings.get(`contract.${key}`)
    return set === OWN ? own[key] : (set as PreprocessingContract[K])
  }
  const seen = { ...own, mean: value('mean'), std: value('std'), colorOrder: value('colorOrder') }
  const range = valueRange(seen)
    .map((end) => String(Number(end.toFixed(2))).replace('-', '−'))
    .join(' to ')
  const isOwn = keys.every((key) => settings.get(key) === OWN)
  return `${range}, ${seen.colorOrder}${isOwn ? " (the backbone's own)" : ''}`
}

function describeSetting(key: string, settings: Settings, contract: PreprocessingContract): string {
  const name = key.split('.').at(-1)!
  const set = settings.get(key)
  const value = set === OWN ? contract[name as keyof PreprocessingContract] : set
  const short = SHORT[name] ?? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  const phase = key.startsWith('fineTune.') && settings.get('mode') === 'finetune' ? 'fine-tuning ' : ''
  return `${phase}${short ? `${short} ` : ''}${wordOf(value)}`
}

function wordOf(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (value === null || value === undefined) return 'none'
  return Array.isArray(value) ? value.map(wordOf).join(', ') : String(value)
}
