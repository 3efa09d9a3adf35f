/** What an advice and its points say in few words. Pure. */
import type { Advice, AdvicePoint } from '@shared/domain/advice'
import { formatCount, formatDuration, formatNumber, formatPercent } from '@shared/text/format'

export const msText = (ms: number): string => `${formatNumber(Number(ms.toPrecision(ms < 10 ? 2 : 3)))} ms`

/** For whoever does not see the picture: 'EfficientNet-Lite0: 91.3 % (86.1 to 94.7) at 5.4 ms, on the frontier'. */
export function pointText({ name, accuracy, msPerImage, frontier, stage }: AdvicePoint): string {
  if (!accuracy || msPerImage === null) return `${name}: ${stage}`
  const interval = `${(100 * accuracy.low).toFixed(1)} to ${(100 * accuracy.high).toFixed(1)}`
  const parts = [`${name}: ${formatPercent(accuracy.value)} (${interval}) at ${msText(msPerImage)}`]
  if (frontier) parts.push('on the frontier')
  if (stage === 'screened') parts.push('on part of the pictures')
  return parts.join(', ')
}

/** '−0.4 (−2.0 to +1.2)': points of accuracy against the most accurate one. */
export function lossText(loss: AdvicePoint['loss']): string {
  if (!loss) return ''
  const signed = (share: number): string => {
    const rounded = (100 * Math.abs(share)).toFixed(1)
    return rounded === '0.0' ? '0.0' : `${share < 0 ? '−' : '+'}${rounded}`
  }
  return `${signed(-loss.value)} (${signed(-loss.high)} to ${signed(-loss.low)})`
}

const STAGES: Record<AdvicePoint['stage'], string> = {
  waiting: 'waits',
  running: 'being tried',
  screened: 'screened',
  confirmed: 'all pictures',
  failed: 'failed'
}
export const stageText = ({ stage, error }: AdvicePoint): string => error ?? STAGES[stage]

export function effortText({ images, screenImages, spentSeconds, state, endedAt }: Advice): string {
  const early = state === 'completed' || endedAt === null ? [] : [state === 'stopped' ? 'stopped early' : 'ended early']
  const part = screenImages === null ? '' : `, screened on ${formatCount(screenImages)}`
  return [
    ...early,
    `a linear head on each one's features`,
    `${formatCount(images)} pictures${part}`,
    formatDuration(Math.max(1, spentSeconds))
  ].join(' · ')
}
