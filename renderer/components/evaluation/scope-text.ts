/** What a narrowed report is about, in a sentence. */
import type { EvaluationReport } from '@shared/domain/evaluation-report'
import { TRAIT_TEXTS } from '@shared/domain/image-trait'
import { formatCount, formatPercent } from '@shared/text/format'

/** 'Of 150 test images, 12 are daisy and wide: 75.0 % of them right (95 % interval 47–91).' */
export function scopeSentence({ slice, evaluation, splitCount }: EvaluationReport): string {
  const { count, accuracy, interval, split } = evaluation
  const what = [slice.label, slice.trait && `‘${TRAIT_TEXTS[slice.trait].label}’`].filter(Boolean).join(' and ')
  const [low, high] = interval.map((share) => Math.round(share * 100))
  const are = count === 1 ? 'is' : 'are'
  return `Of ${formatCount(splitCount)} ${split} images, ${formatCount(count)} ${are} ${what}: ${formatPercent(accuracy)} right (95 % interval ${low}–${high}).`
}
