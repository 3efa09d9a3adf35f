/** What every benchmark gives: a row of the table. Runs as it is under Node 24, without a build. */

export interface BenchRow {
  /** What was done, with its sizes. */
  work: string
  whetstone: number
  peer: number | null
  peerName: string | null
  /** Whetstone / peer for times and bytes; for rates as well, so that there more is better. Null without a peer. */
  ratio: number | null
  /** In words, for example 'ratio ≤ 1.0'. */
  target: string
  met: boolean
  /** Of `whetstone` and `peer`. */
  unit: string
}

/** What has to hold. */
export type Target =
  | { ratioAtMost: number }
  | { ratioAtLeast: number }
  | { valueBelow: number }
  | { valueAtLeast: number }
  /** For times: the peer's by Whetstone's. */
  | { timesFaster: number }

export function row(
  work: string,
  unit: string,
  whetstone: number,
  peer: { name: string; value: number } | null,
  target: Target
): BenchRow {
  const ratio = peer && whetstone / peer.value
  const [text, met] =
    'timesFaster' in target
      ? [
          `ratio ≤ ${(1 / target.timesFaster).toFixed(2)} (${target.timesFaster} × faster)`,
          ratio !== null && ratio <= 1 / target.timesFaster
        ]
      : 'valueBelow' in target
        ? [`< ${target.valueBelow} ${unit}`, whetstone < target.valueBelow]
        : 'valueAtLeast' in target
          ? [`≥ ${target.valueAtLeast} ${unit}`, whetstone >= target.valueAtLeast]
          : 'ratioAtMost' in target
            ? [`ratio ≤ ${target.ratioAtMost}`, ratio !== null && ratio <= target.ratioAtMost]
            : [`ratio ≥ ${target.ratioAtLeast}`, ratio !== null && ratio >= target.ratioAtLeast]
  return { work, whetstone, peer: peer?.value ?? null, peerName: peer?.name ?? null, ratio, target: text, met, unit }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const shown = (value: number | null): string =>
  value === null ? '–' : value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3)

/** The rows as a table in Markdown. */
export function markdownTable(rows: readonly BenchRow[]): string {
  const lines = rows.map(
    ({ work, whetstone, peer, peerName, ratio, target, met, unit }) =>
      `| ${work} | ${shown(whetstone)} ${unit} | ${peer === null ? '–' : `${shown(peer)} ${unit} (${peerName})`} | ` +
      `${shown(ratio)} | ${target} | ${met ? 'yes' : '**no**'} |`
  )
  return ['| work | Whetstone | peer | ratio | target | met |', '|---|---|---|---|---|---|', ...lines].join('\n')
}
