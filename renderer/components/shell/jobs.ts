/** Arithmetic of the jobs list. */
import type { Job } from '@shared/domain/job'

type Counted = Pick<Job, 'done' | 'total'>

/** Share done, 0–1; null while the total is unknown. */
export const jobShare = ({ done, total }: Counted): number | null => (total > 0 ? Math.min(1, done / total) : null)

/** One bar for several jobs: the mean of those whose share is known; null when none is. */
export function overallShare(jobs: readonly Counted[]): number | null {
  const shares = jobs.map(jobShare).filter((share) => share !== null)
  return shares.length ? shares.reduce((sum, share) => sum + share, 0) / shares.length : null
}
