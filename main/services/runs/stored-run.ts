/** Watching a run through the database alone: one that is settled, or that another process of the same home trains. */
import { isSettled, type MetricPoint, type Run, type RunEvent } from '@shared/domain/run'
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
  const first = await runs.points(run.id)
  let known = new Known(first)
  let current = run
  let failed = false
  const snapshot = (points: MetricPoint[]): RunEvent => ({
    type: 'snapshot',
    run: current,
    points,
    progress: null,
    mistakes: []
  })
  const pending: RunEvent[] = [snapshot(first)]

  const look = async (): Promise<void> => {
    const [next, { points, total }] = await Promise.all([runs.get(run.id), runs.pointsAfter(run.id, known.lastSteps)])
    // Resumed meanwhile: its points are those of its checkpoint, and its start has moved.
    if (next && (next.startedAt !== current.startedAt || total !== known.count + points.length)) {
      current = next
      const anew = await runs.points(run.id)
      known = new Known(anew)
      pending.push(snapshot(anew))
      return
    }
    known.add(points)
    if (points.length > 0) pending.push({ type: 'points', points })
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

/** What a watcher has been told already, so that the store need only tell the rest. */
class Known {
  readonly lastSteps: Record<string, number> = {}
  count = 0

  constructor(points: readonly MetricPoint[]) {
    this.add(points)
  }

  add(points: readonly MetricPoint[]): void {
    for (const { series, step } of points) this.lastSteps[series] = Math.max(this.lastSteps[series] ?? step, step)
    this.count += points.length
  }
}
