/** The core: store, services and supervisor, built from paths and a way to start workers. Knows nothing of doors. */
import { chmod, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { DeviceBenchmark } from '@shared/domain/device'
import type { SystemInfo } from '@shared/domain/system'
import { StudioError } from '@shared/errors'
import { backboneFolders } from './paths'
import { AdvisorService } from './services/advisor/advisor'
import { AugmentationService } from './services/augmentation/augmentation'
import { CompareService } from './services/compare/compare'
import { DatasetsService } from './services/datasets/datasets'
import { benchmarkDevices } from './services/devices/benchmark'
import { DevicesService } from './services/devices/devices'
import { EvaluationService } from './services/evaluation/evaluation'
import { DoctorService } from './services/doctor/doctor'
import { ExplainService } from './services/explain/explain'
import { ExportsService } from './services/exports/exports'
import { InferClient } from './services/inference/infer-client'
import { trainedModel } from './services/inference/trained-model'
import { InteropService } from './services/interop/interop'
import { JobsService } from './services/jobs/jobs'
import { Log } from './services/log/log'
import { ModelsService } from './services/models/models'
import { LooksService } from './services/predictions/looks'
import { PredictionsService } from './services/predictions/predictions'
import { UploadsService } from './services/predictions/uploads'
import { ReportService } from './services/report/report'
import { CurvesService } from './services/runs/curves'
import { RunsService } from './services/runs/runs'
import { SettingsService } from './services/settings/settings'
import { listFolder } from './services/system/folders'
import { Neighbours } from './services/system/neighbours'
import { Owners } from './services/system/owners'
import { StatusService } from './services/system/status'
import type { Store } from './store/store'
import type { WorkerHost } from './supervisor/worker-host'

export interface StudioOptions {
  /** Database, runs, thumbnails, features and log. Made when it is missing. */
  home: string
  /** What several homes share and can be had again: the TensorFlow runtime. */
  cache: string
  /** Embedded backbones (`backbones/`) and the sample (`sample/`). */
  resources: string
  host: WorkerHost
  /** @param file the database @throws StudioError store/* */
  openStore(file: string): Promise<Store>
  door: SystemInfo['door']
  version: string
}

interface CloseOptions {
  /** `pause` leaves it with a checkpoint, `stop` with its best epoch; `interrupt` ends it where it is. */
  training?: 'pause' | 'stop' | 'interrupt'
  graceMs?: number
}

export interface Studio {
  readonly info: SystemInfo
  readonly log: Log
  readonly jobs: JobsService
  readonly status: StatusService
  readonly settings: SettingsService
  readonly datasets: DatasetsService
  readonly models: ModelsService
  readonly augmentation: AugmentationService
  readonly runs: RunsService
  readonly curves: CurvesService
  readonly compare: CompareService
  readonly explain: ExplainService
  readonly advisor: AdvisorService
  readonly doctor: DoctorService
  readonly evaluation: EvaluationService
  readonly predictions: PredictionsService
  readonly looks: LooksService
  readonly uploads: UploadsService
  readonly exports: ExportsService
  readonly interop: InteropService
  readonly report: ReportService
  readonly devices: DevicesService
  /** @throws StudioError job/cancelled, worker/crashed */
  benchmark(): Promise<DeviceBenchmark>
  readonly browse: typeof listFolder
  /** Ends workers and lets go of the database. */
  close(options?: CloseOptions): Promise<void>
}

/** @throws StudioError store/newer, store/corrupt, store/locked, store/disk-full, store/unwritable */
export async function createStudio(options: StudioOptions): Promise<Studio> {
  const home = resolve(options.home)
  const { cache, resources, host, door, version } = options
  await makePrivate(home)
  const log = new Log(join(home, 'logs'))
  const store = await options.openStore(join(home, 'whetstone.db'))

  const paths = {
    runs: join(home, 'runs'),
    backbones: backboneFolders(resources, home),
    featureCache: join(home, 'features'),
    decoded: join(home, 'pixels')
  }
  const jobs = new JobsService()
  const owners = new Owners(join(home, 'processes'))
  const { isAlive } = owners
  const devices = new DevicesService({ host, jobs, cacheDirectory: cache })
  // The window and the browser prepare TensorFlow in the background; a command does so only when it needs it.
  let looked: Promise<unknown> | null = null
  const look = (): Promise<unknown> => (looked ??= door === 'cli' ? devices.refresh('unless-known') : devices.start())
  const datasets = new DatasetsService({ store, host, jobs, home, sampleDirectory: join(resources, 'sample'), isAlive })
  const settings = new SettingsService(store.facts)
  const infer = new InferClient({
    host,
    log,
    backbonesDirectories: paths.backbones,
    compute: () => ({ runtime: devices.runtime(), threads: devices.report().cpu.threads })
  })
  const models = new ModelsService({
    store,
    host,
    jobs,
    infer,
    log,
    isAlive,
    embedded: paths.backbones[0]!,
    imported: paths.backbones[1]!,
    compute: async () => {
      await look()
      return { runtime: devices.runtime(), threads: devices.report().cpu.threads }
    },
    imageFile: (imageId) => datasets.imageFile(imageId)
  })
  const backbone = models.get.bind(models)
  const compute = { report: () => devices.report(), runtime: () => devices.runtime(), known: look }
  const runContext = { store, host, jobs, log, backbone, compute, paths, isAlive }
  const runs = new RunsService(runContext)
  const explain = new ExplainService(runContext)
  const advisor = new AdvisorService({
    ...runContext,
    backbones: () => models.list(),
    measure: (backboneId) => models.measure(backboneId)
  })
  const model = async (runId: string) => {
    const run = await runs.get(runId)
    const own = await backbone(run.config.backboneId)
    // TensorFlow alone runs it, and a command has not looked for TensorFlow yet.
    if (own.form === 'saved-model') await look()
    return trainedModel(run, own, paths.runs)
  }
  const uploads = new UploadsService(join(home, 'uploads'))
  const predictions = new PredictionsService({ jobs, infer, uploads, model })
  const looks = new LooksService({
    jobs,
    infer,
    uploads,
    model,
    images: store.datasets,
    imageFile: (imageId) => datasets.imageFile(imageId),
    run: (runId) => runs.get(runId),
    jobFile: (runId) => join(paths.runs, runId, 'job.json'),
    featureCacheDirectory: paths.featureCache
  })
  const evaluation = new EvaluationService(store.runs)
  const compare = new CompareService({ runs: store.runs, backbone })
  const report = new ReportService({
    runs: store.runs,
    compare: (runIds) => compare.compare(runIds),
    flips: (request, offset, limit) => evaluation.flips(request, offset, limit),
    thumbnailFile: (imageId) => datasets.thumbnailFile(imageId),
    version
  })
  const neighbours = new Neighbours(store, owners)
  const status = new StatusService({ jobs, devices, datasets, runs, models, neighbours })
  const { node, electron, chrome } = process.versions
  const versions = Object.fromEntries(
    Object.entries({ node, electron, chrome }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  )

  await runs.open()
  await explain.open()
  owners.register()
  await uploads.open()
  await models.open()
  if (door !== 'cli') {
    // In this order, so that the check runs on what was found; a check that fails is in the log and on the Models screen.
    void look()
      .then(() => models.checkAll())
      .catch((error: unknown) => log.error('the backbones could not be checked', error))
  }
  log.info('studio opened', { door, version, home, versions })
  return {
    info: { version, door, home, platform: process.platform, versions },
    log,
    jobs,
    status,
    settings,
    datasets,
    models,
    runs,
    curves: new CurvesService(store.runs),
    augmentation: new AugmentationService({ infer, backbone, imageFile: (imageId) => datasets.imageFile(imageId) }),
    evaluation,
    explain,
    advisor,
    doctor: new DoctorService({
      ...runContext,
      runs,
      backbones: () => models.list(),
      thumbnails: join(home, 'thumbnails')
    }),
    compare,
    report,
    predictions,
    looks,
    uploads,
    exports: new ExportsService({ store, jobs, infer, model }),
    interop: new InteropService({ runs: store.runs, jobs }),
    devices,
    benchmark: () => benchmarkDevices({ infer, jobs, known: look }),
    browse: listFolder,
    async close({ training = 'pause', graceMs } = {}) {
      neighbours.close()
      status.close()
      await Promise.allSettled([
        explain.close(),
        advisor.close(),
        runs.close(training, graceMs),
        datasets.close(),
        models.close(),
        devices.close(),
        infer.close(),
        uploads.close()
      ])
      owners.unregister()
      await store.close()
      log.info('studio closed', { door })
    }
  }
}

/** Pictures, names and settings are the user's own: nobody else may look into the folder. */
async function makePrivate(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
    await chmod(home, 0o700)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('store/unwritable', `The folder ${home} cannot be used: ${why}.`, { home }, { cause })
  }
}
