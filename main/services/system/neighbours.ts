/** Notices what other processes of the same home change: a run that the command line trains is to be seen in the window. */
import type { Store } from '../../store/store'
import type { Owners } from './owners'

const LOOK_MS = 2000

export class Neighbours {
  private readonly listeners = new Set<() => void>()
  private readonly timer: NodeJS.Timeout
  private seen: string | null = null
  private looking = false

  constructor(
    private readonly store: Pick<Store, 'runs' | 'datasets'>,
    private readonly owners: Owners,
    lookMs = LOOK_MS
  ) {
    this.timer = setInterval(() => void this.look(), lookMs)
    this.timer.unref()
  }

  /** Calls `listener` after a change that this process may not know of. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async look(): Promise<void> {
    if (this.looking) return
    this.looking = true
    try {
      // Alone, as nearly always: nothing is read. One more look after the last neighbour has left.
      if (this.owners.others().length === 0 && this.seen === null) return
      const found = await this.fingerprint()
      const changed = this.seen !== null && found !== this.seen
      this.seen = this.owners.others().length === 0 ? null : found
      if (changed) for (const listener of this.listeners) listener()
    } catch {
      // A database that is busy now is looked at again.
    } finally {
      this.looking = false
    }
  }

  private async fingerprint(): Promise<string> {
    const [runs, datasets] = await Promise.all([this.store.runs.list(), this.store.datasets.list()])
    return JSON.stringify([
      runs.map(({ id, name, state, epochsDone }) => [id, name, state, epochsDone]),
      datasets.map(({ id, name, state, updatedAt }) => [id, name, state, updatedAt])
    ])
  }
}
