/** What the runs need of the rest of the studio. */
import type { Backbone } from '@shared/domain/backbone'
import type { DeviceReport } from '@shared/domain/device'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { Store } from '../../store/store'
import type { WorkerHost } from '../../supervisor/worker-host'
import type { JobsService } from '../jobs/jobs'
import type { Log } from '../log/log'

/** What there is to compute with, now. */
export interface Compute {
  report(): DeviceReport
  /** Resolves once the machine has been looked at; before, the report is incomplete. */
  known(): Promise<unknown>
  /** Null while TensorFlow is not prepared. */
  runtime(): RuntimeLocation | null
}

export interface RunPaths {
  /** A folder for each run: its job, checkpoint and predictions. */
  runs: string
  /** The embedded backbones, and the imported ones. */
  backbones: string[]
  featureCache: string
  /** Folder of decoded pictures. */
  decoded: string
}

export interface RunContext {
  store: Store
  host: WorkerHost
  jobs: JobsService
  log: Log
  /** @throws StudioError backbone/not-found */
  backbone(id: string): Promise<Backbone>
  compute: Compute
  paths: RunPaths
  /** Whether another process that owns runs of this home still lives. */
  isAlive(pid: number): boolean
}
