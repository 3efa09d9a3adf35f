/** Who hears of what: each new state of a run that trains here, and that the list of runs is another one now. */
import type { Run } from '@shared/domain/run'
import type { LiveRun } from './live-run'

/** How often a list follows the epochs of a run that trains. */
const LIST_INTERVAL_MS = 1000

/** What a training run says of itself again and again, and a list shows as a number among others. */
const isOnlyFurther = (before: Run, after: Run): boolean => {
  const steady = ({ epochsDone: _, best: __, checkpoint: ___, ...rest }: Run): string => JSON.stringify(rest)
  return steady(before) === steady(after)
}

export class RunNews {
  private readonly listeners = new Set<(run: Run) => void>()
  private readonly listListeners = new Set<() => void>()
  private soon: ReturnType<typeof setTimeout> | null = null

  /** @returns ends it */
  onChange(listener: (run: Run) => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** @returns ends it */
  onListChange(listener: () => void): () => void {
    this.listListeners.add(listener)
    return () => void this.listListeners.delete(listener)
  }

  /** Lists show rows: numbers that stream (points, progress) are for the run's own watchers. */
  follow(live: LiveRun): void {
    let seen = live.run
    live.onChange(() => {
      if (live.run === seen) return
      const before = seen
      seen = live.run
      for (const listener of this.listeners) listener(live.run)
      if (isOnlyFurther(before, seen)) this.listChangedSoon()
      else this.listChanged()
    })
  }

  listChanged(): void {
    clearTimeout(this.soon ?? undefined)
    this.soon = null
    for (const listener of this.listListeners) listener()
  }

  /** Everybody who shows a list asks for it again: of a head that trains there would be ten epochs a second. */
  private listChangedSoon(): void {
    this.soon ??= setTimeout(() => this.listChanged(), LIST_INTERVAL_MS).unref()
  }
}
