/** Backbones in words and numbers, the same in the list and in the panel. */
import type { Backbone, ParityCheck } from '@shared/domain/backbone'
import { valueRange, type PreprocessingContract } from '@shared/domain/preprocessing'
import { formatNumber, formatPercent } from '@shared/text/format'

const CROPS = { 'center-crop': 'central crop', squash: 'squashed', pad: 'letter-boxed' } as const

/** Millions, three figures: '3.41 M'. */
export const millions = (count: number | null): string =>
  count === null ? '–' : `${formatNumber(Number((count / 1e6).toPrecision(3)))} M`

/** '9.34 ms', '0.25 ms'. */
export const milliseconds = (ms: number): string => `${Number(ms.toPrecision(ms < 1 ? 2 : 3))} ms`

export function originText({ origin, provenance }: Backbone): string {
  if (origin === 'embedded' || !provenance) return 'comes with Whetstone'
  return { import: 'imported', fetch: 'fetched', random: 'untrained' }[provenance.how]
}

export const FORMS = { graph: 'layers', onnx: 'ONNX, as it is', 'saved-model': 'SavedModel, as it is' } as const

export function rangeText(contract: PreprocessingContract): string {
  const [low, high] = valueRange(contract).map((value) => formatNumber(Number(value.toPrecision(3))))
  return `${low} to ${high}`
}

export function contractText(contract: PreprocessingContract): string {
  const { size, colorOrder, crop, cropFraction, filter } = contract
  const share = crop === 'center-crop' && cropFraction < 1 ? ` of ${formatNumber(cropFraction * 100)} %` : ''
  return `${size} × ${size} ${colorOrder}, ${CROPS[crop]}${share}, ${filter}, values ${rangeText(contract)}`
}

/** Where the contract is from, and how sure it is. */
export function contractOrigin({ provenance }: Backbone): { text: string; doubtful: boolean } {
  if (!provenance) return { text: 'As it was trained.', doubtful: false }
  const { from, certainty, reason } = provenance.contract
  if (from === 'user') return { text: 'Set by hand.', doubtful: false }
  const sure = certainty === null ? '' : ` ${formatPercent(certainty, 0)} sure.`
  return { text: `${from === 'proposed' ? 'Proposed.' : ''}${sure} ${reason}`.trim(), doubtful: (certainty ?? 1) < 0.8 }
}

export const parityText = ({ between, maxDifference, tolerance }: ParityCheck): string =>
  `${between} differ by ${formatNumber(maxDifference)} at most; ${formatNumber(tolerance)} is allowed`
