/** Watching a run through the database alone: one that is settled, or that another process of the same home trains. */
import { isSettled, type Run, type RunEvent } from '@shared/domain/run'
import type { RunStore } from '../../store/store'
import { CoalescedFeed } from '../streams/coalesced-feed'

const POLL_MS = 1000

/** @param run as it is now @param signal ends the watching */
export async function watchStoredRun(
  runs: RunStore,
  run: Run,
  signal?: AbortSignal,
  pollMs = POLL_MS
): Promise<CoalescedFeed<RunEvent>> {
  const points = await runs.points(run.id)
  let known = points.length
  let current = run
  let failed = false
  const pending: RunEvent[] = [{ type: 'snapshot', run, points, progress: null, mistakes: [] }]

  const look = async (): Promise<void> => {
    const [next, points] = await Promise.all([runs.get(run.id), runs.points(run.id)])
    // Resumed meanwhile: its points are those of its checkpoint, and its start has moved.
    const anew = next && (next.startedAt !== current.startedAt || points.length < known)
    if (anew) pending.push({ type: 'snapshot', run: (current = next), points, progress: null, mistakes: [] })
    else if (points.length > known) pending.push({ type: 'points', points: points.slice(known) })
    known = points.length
    if (!next) failed = true
    else if (JSON.stringify(next) !== JSON.stringify(current)) pending.push({ type: 'run', run: (current = next) })
  }
  const ended = (): boolean => failed || isSettled(current.state)
  return new CoalescedFeed(
    {
      subscribe: (wake) => {
        if (ended()) return () => undefined
        let busy = false
        const timer = setInterval(() => {
          if (busy) return
          busy = true
          look()
            .catch(() => (failed = true))
            .finally(() => {
              busy = false
              if (ended()) clearInterval(timer)
              wake()
            })
        }, pollMs)
        timer.unref()
        return () => clearInterval(timer)
      },
      take: () => pending.splice(0),
      ended
    },
    undefined,
    signal
  )
}
