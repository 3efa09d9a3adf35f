/** Root cause first. */
import { worstFirst, type DiagnosisFinding } from '@shared/domain/diagnosis'
import type { WeighedFinding } from './check'

/**
 * Worse ones before better ones, and of the same severity what costs more before what costs less. What a finding says about
 * another that explains it has a lower weight already: a symptom must not hide its cause.
 */
export function rankFindings(findings: readonly WeighedFinding[]): DiagnosisFinding[] {
  const byWeight = [...findings].sort((a, b) => b.weight - a.weight)
  return worstFirst(byWeight).map(withoutWeight)
}

export function withoutWeight({ weight: _weight, ...finding }: WeighedFinding): DiagnosisFinding {
  return finding
}
