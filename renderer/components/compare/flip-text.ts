/** What is said of the pictures on which two runs disagree. */
import { FLIP_KINDS, type FlipKind, type Flips } from '@shared/domain/flips'
import { formatCount } from '@shared/text/format'

const images = (count: number): string => `${formatCount(count)} ${count === 1 ? 'image' : 'images'}`

/** The kinds as choices, each with its count in the class that is looked at. */
export function kindChoices(
  flips: Flips,
  label: string | null,
  a: string,
  b: string
): { value: FlipKind; label: string }[] {
  const counts = label === null ? flips.counts : flips.classes.find((each) => each.label === label)?.counts
  const texts: Record<FlipKind, string> = {
    'only-a': `Only ${a} right`,
    'only-b': `Only ${b} right`,
    'both-wrong': 'Both wrong, differently'
  }
  return FLIP_KINDS.map((value) => ({ value, label: `${texts[value]} · ${formatCount(counts?.[value] ?? 0)}` }))
}

/** 'Of 150 test images in common both got 110 right and made the same mistake on 12.' and what is to be known besides. */
export function flipSummary(flips: Flips, a: string, b: string): string[] {
  const { common, tested, relabelled, bothRight, bothWrongAlike } = flips
  if (common === 0) return [`${a} and ${b} were tested on different images: none is in common.`]
  const sentences = [
    `Of ${formatCount(common)} test images in common, both got ${formatCount(bothRight)} right and made the same mistake on ${formatCount(bothWrongAlike)}.`
  ]
  if (tested.a !== common || tested.b !== common) {
    sentences.push(
      `The test sets differ: ${images(tested.a - common)} of ${a} and ${formatCount(tested.b - common)} of ${b} are left out.`
    )
  }
  if (relabelled > 0) {
    sentences.push(`${images(relabelled)} had another label for ${b}; each run is held to its own.`)
  }
  return sentences
}
