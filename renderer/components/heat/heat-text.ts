/** Heat maps in words. */
import type { HeatMap, HeatMethod } from '@shared/domain/heat'
import { formatPercent } from '@shared/text/format'

export const METHOD_NAMES: Record<HeatMethod, string> = { 'grad-cam': 'Grad-CAM', occlusion: 'Occlusion' }

export const METHODS = [
  { value: 'grad-cam', label: METHOD_NAMES['grad-cam'] },
  { value: 'occlusion', label: METHOD_NAMES.occlusion }
] as const satisfies readonly { value: HeatMethod; label: string }[]

/** What the map shows, as a sentence. */
export function heatCaption({ method, classLabel, probability }: HeatMap): string {
  const what = `‘${classLabel}’ (${formatPercent(probability)})`
  return method === 'grad-cam' ? `What speaks for ${what}, by Grad-CAM` : `What hiding costs ${what}, by occlusion`
}

/** The largest value of a map, in its unit. */
export function peakText(method: HeatMethod, peak: number): string {
  const value = peak >= 100 ? peak.toFixed(0) : peak.toPrecision(2)
  return method === 'grad-cam' ? `${value} logits` : `${value} log-odds`
}
