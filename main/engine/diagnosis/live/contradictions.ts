/**
 * What is left unsaid beside what: two findings may not contradict each other, neither in what they have seen nor in what
 * they advise. Of a cause and what follows from it, the cause is told.
 */
import type { LiveFinding, LiveFindingCode } from '@shared/domain/live-finding'

/** Steps that are too long: the loss goes up, or jumps about, and nothing that holds of a settled course holds of it. */
const TOO_LONG_STEPS = [
  'training/not-a-number',
  'training/diverged',
  'training/exploding-gradients',
  'training/learning-rate-high'
] as const satisfies readonly LiveFindingCode[]

const SILENCED_BY: Partial<Record<LiveFindingCode, readonly LiveFindingCode[]>> = {
  // 'Nothing moves any more' beside 'one step moves the weights by 5 %': what was thrown away has no gradient left.
  'training/vanishing-gradients': TOO_LONG_STEPS,
  // 'Its loss stays' beside 'it runs away'; 'unfreeze more' beside 'it learns by heart'; and a cause beside what it does.
  'training/plateau': [
    ...TOO_LONG_STEPS,
    'training/dead-units',
    'training/vanishing-gradients',
    'training/overfitting'
  ],
  // 'Raise the rate' beside whatever says to lower it; 'it falls too slowly' beside 'it does not fall', or 'it has learned'.
  'training/learning-rate-low': [
    ...TOO_LONG_STEPS,
    'training/dead-units',
    'training/vanishing-gradients',
    'training/plateau',
    'training/overfitting'
  ],
  // 'It learns' beside 'it runs away'.
  'training/overfitting': ['training/not-a-number', 'training/diverged'],
  // 'Nothing is wrong', or 'a faster disk', beside a memory that is full, which makes everything slow.
  'device/throttling': ['device/swapping'],
  'device/input-bound': ['device/swapping']
}

const GRAVITY = { severe: 0, warning: 1, info: 2 } as const

/**
 * Those of the findings that can be said together, in the order in which they came. Where two would set one setting, each to a value
 * of its own, only the graver keeps its repair.
 */
export function consistent(findings: readonly LiveFinding[]): LiveFinding[] {
  const codes = new Set(findings.map(({ code }) => code))
  const said = findings.filter(({ code }) => !SILENCED_BY[code]?.some((other) => codes.has(other)))
  const keys = new Set<string>()
  const repairing = new Set<LiveFinding>()
  for (const finding of [...said].sort((a, b) => GRAVITY[a.severity] - GRAVITY[b.severity])) {
    const changed = Object.keys(finding.repair?.changes ?? {})
    if (changed.some((key) => keys.has(key))) continue
    changed.forEach((key) => keys.add(key))
    repairing.add(finding)
  }
  return said.map((finding) => (repairing.has(finding) ? finding : without(finding)))
}

const without = ({ repair: _, ...finding }: LiveFinding): LiveFinding => finding
