/** The slices of a split as rows of one table, by kind of image and by class, and what a click on one does. */
import type { ClassMetrics } from '@shared/domain/evaluation'
import type { TraitScore } from '@shared/domain/evaluation-report'
import { TRAIT_TEXTS, type ReportSlice, type TraitGroup } from '@shared/domain/image-trait'
import { wilsonInterval } from '@shared/statistics/intervals'

export interface SliceRow {
  key: string
  label: string
  hint: string
  count: number
  /** Share of them that is right. */
  accuracy: number
  /** 95 % Wilson score interval. */
  interval: readonly [number, number]
  selected: boolean
  /** What is looked at after a click: this slice, or all again. */
  next: ReportSlice
}

export interface SliceGroup {
  id: TraitGroup | 'class'
  label: string
  rows: SliceRow[]
}

const TRAIT_GROUPS: { id: TraitGroup; label: string }[] = [
  { id: 'content', label: 'Content' },
  { id: 'size', label: 'Size' },
  { id: 'shape', label: 'Shape' }
]

/** @param classes of the images that are looked at, whatever class is chosen @returns groups that have a row; the weakest class first */
export function sliceGroups(
  traits: readonly TraitScore[],
  classes: readonly ClassMetrics[],
  slice: ReportSlice
): SliceGroup[] {
  const byTrait = TRAIT_GROUPS.map((group) => ({
    ...group,
    rows: traits
      .filter(({ trait }) => TRAIT_TEXTS[trait].group === group.id)
      .map(({ trait, ...score }): SliceRow => {
        const selected = slice.trait === trait
        const { label, hint } = TRAIT_TEXTS[trait]
        const rest = slice.label === undefined ? {} : { label: slice.label }
        return { key: trait, label, hint, ...score, selected, next: selected ? rest : { ...slice, trait } }
      })
  }))
  const byClass = classes
    .filter(({ support }) => support > 0)
    .map(({ label, support, recall }): SliceRow => {
      const selected = slice.label === label
      const rest = slice.trait ? { trait: slice.trait } : {}
      return {
        key: `class ${label}`,
        label,
        hint: `Images of ${label}`,
        count: support,
        accuracy: recall,
        interval: wilsonInterval(Math.round(recall * support), support),
        selected,
        next: selected ? rest : { ...slice, label }
      }
    })
    .sort((a, b) => a.accuracy - b.accuracy || b.count - a.count)
  return [...byTrait, { id: 'class' as const, label: 'Class', rows: byClass }].filter(({ rows }) => rows.length > 0)
}

/** Whether the whole interval lies on one side of the accuracy over all; '' where chance may explain the distance. */
export function apart(
  { interval: [low, high] }: Pick<SliceRow, 'interval'>,
  accuracy: number
): 'better' | 'worse' | '' {
  return low > accuracy ? 'better' : high < accuracy ? 'worse' : ''
}
