/** What the status bar shows, as a stream that every screen can follow. */
import type { DeviceReport } from '@shared/domain/device'
import type { SystemStatus } from '@shared/domain/system'
import type { JobsService } from '../jobs/jobs'
import { CoalescedFeed } from '../streams/coalesced-feed'

type Unsubscribe = () => void
interface Changing {
  onChange(listener: () => void): Unsubscribe
}

export interface StatusSources {
  jobs: JobsService
  devices: Changing & { report(): DeviceReport }
  datasets: Changing
  runs: { onListChange(listener: () => void): Unsubscribe }
  models: Changing
  /** Changes that other processes make to datasets and runs. */
  neighbours: Changing
}

export class StatusService {
  private readonly revision = { datasets: 0, runs: 0, models: 0 }
  private readonly listeners = new Set<() => void>()
  private readonly unsubscribes: Unsubscribe[]
  private closed = false

  constructor(private readonly sources: StatusSources) {
    const grow = (what: keyof SystemStatus['revision']) => () => {
      this.revision[what]++
      this.changed()
    }
    this.unsubscribes = [
      sources.jobs.onChange(() => this.changed()),
      sources.devices.onChange(() => this.changed()),
      sources.datasets.onChange(grow('datasets')),
      sources.runs.onListChange(grow('runs')),
      sources.models.onChange(grow('models')),
      sources.neighbours.onChange(grow('datasets')),
      sources.neighbours.onChange(grow('runs'))
    ]
  }

  current(): SystemStatus {
    return { device: this.sources.devices.report(), jobs: this.sources.jobs.list(), revision: { ...this.revision } }
  }

  /** The status at once, then whenever it changes, at most ten times a second. */
  watch(signal?: AbortSignal): CoalescedFeed<SystemStatus> {
    let dirty = true
    return new CoalescedFeed(
      {
        subscribe: (wake) => {
          const listener = (): void => {
            dirty = true
            wake()
          }
          this.listeners.add(listener)
          return () => void this.listeners.delete(listener)
        },
        take: () => {
          if (!dirty) return []
          dirty = false
          return [this.current()]
        },
        ended: () => this.closed
      },
      undefined,
      signal
    )
  }

  /** Ends every stream. */
  close(): void {
    this.closed = true
    for (const unsubscribe of this.unsubscribes) unsubscribe()
    this.changed()
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
