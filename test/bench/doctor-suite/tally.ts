/** What became of the planted causes: shares, and who was taken for whom. */

export interface Examined {
  dataset: string
  seed: number
  fault: string
  /** Null: a good run. */
  expected: string | null
  /** Root cause first. */
  findings: { code: string; severity: 'severe' | 'warning' | 'info'; title: string; text: string }[]
  seconds: number
  times: [string, number][]
}

export interface Tally {
  /** Share of the planted causes that were named first. */
  named: number
  causes: number
  /** Share of the good runs without a severe finding. */
  quiet: number
  good: number
  /** Of one examination, in the middle. */
  seconds: number
}

export function tally(examined: readonly Examined[]): Tally {
  const planted = examined.filter(({ expected }) => expected !== null)
  const good = examined.filter(({ expected }) => expected === null)
  const share = (all: readonly Examined[], holds: (one: Examined) => boolean): number =>
    all.filter(holds).length / Math.max(1, all.length)
  const sorted = examined.map(({ seconds }) => seconds).sort((a, b) => a - b)
  return {
    named: share(planted, ({ expected, findings }) => findings[0]?.code === expected),
    causes: planted.length,
    quiet: share(good, ({ findings }) => !findings.some(({ severity }) => severity === 'severe')),
    good: good.length,
    seconds: sorted[Math.floor(sorted.length / 2)] ?? 0
  }
}

/** Rows are what was planted, columns what was named first; then every row that went wrong, with what was said. */
export function confusionTable(examined: readonly Examined[]): string {
  const nameOf = ({ expected }: Examined): string => expected ?? '(good)'
  const rows = [...new Set(examined.map(nameOf))].sort()
  const first = ({ findings, expected }: Examined): string => {
    const [finding] = findings
    if (!finding || (expected === null && finding.severity !== 'severe')) return '(nothing)'
    return finding.code
  }
  const columns = [...new Set(examined.map(first))].sort()
  const lines = [
    `| planted | ${columns.join(' | ')} |`,
    `| --- | ${columns.map(() => '---:').join(' | ')} |`,
    ...rows.map((name) => {
      const own = examined.filter((one) => nameOf(one) === name)
      const counts = columns.map((column) => own.filter((one) => first(one) === column).length || '')
      return `| ${name} | ${counts.join(' | ')} |`
    })
  ]
  const wrong = examined.filter((one) =>
    one.expected === null ? first(one) !== '(nothing)' : first(one) !== one.expected
  )
  const said = wrong.map(
    (one) =>
      `- ${one.dataset}, seed ${one.seed}, ${one.fault}: ` +
      one.findings.map(({ code, severity }) => `${severity} ${code}`).join(', ')
  )
  return [...lines, '', said.length > 0 ? 'Not as planted:' : 'All as planted.', ...said].join('\n')
}
