/** Implements the contract by calling services; no logic of its own beyond turning errors into the contract's one. */
import { AsyncIteratorClass, implement, ORPCError, ValidationError } from '@orpc/server'
import { contract } from '@shared/contract'
import { StudioError } from '@shared/errors'
import type { Studio } from './studio'

interface RouterContext {
  studio: Studio
}

const base = implement(contract).$context<RouterContext>()

/** A rejected input names its first wrong value. */
function describe(error: unknown): unknown {
  if (!(error instanceof ORPCError) || error.code !== 'BAD_REQUEST') return error
  const issue = error.cause instanceof ValidationError ? error.cause.issues[0] : undefined
  const parts = issue?.path?.map((part) => String(typeof part === 'object' ? part.key : part)) ?? []
  const isConfig = parts[0] === 'config'
  const key = (isConfig ? parts.slice(1) : parts).join('.')
  const what = isConfig ? 'The setting' : 'The value of'
  return new StudioError(
    isConfig ? 'config/invalid' : 'request/invalid',
    issue ? `${what} '${key}' is not valid: ${issue.message}.` : 'The request is not valid.',
    { key }
  )
}

const os = base.use(async ({ context, next, errors, path }) => {
  /** Any failure as the contract's error. What nobody expected goes into the log, and only its id to the caller. */
  const declare = (thrown: unknown): Error => {
    const error = describe(thrown)
    if (error instanceof StudioError) {
      return errors.STUDIO({ message: error.message, data: error.toData(), cause: error })
    }
    const logId = context.studio.log.error('unexpected error', error, { method: path.join('.') })
    const unexpected = new StudioError('internal', `Something unexpected happened (log id ${logId}).`, { logId })
    return errors.STUDIO({ message: unexpected.message, data: unexpected.toData(), cause: error })
  }
  try {
    const result = await next()
    const { output } = result
    return isStream(output) ? { ...result, output: stream(output, declare) as typeof output } : result
  } catch (error) {
    throw declare(error)
  }
})

const isStream = (value: unknown): value is AsyncIterator<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value

/** An iterator as the contract wants it. A reader's leaving reaches the source at once, even while the source waits. */
function stream<T>(
  source: AsyncIterator<T>,
  declare: (error: unknown) => unknown = (error) => error
): AsyncIteratorClass<T, void, unknown> {
  return new AsyncIteratorClass(
    () =>
      source.next().catch((error: unknown) => {
        throw declare(error)
      }),
    async () => void (await source.return?.())
  )
}

export const router = os.router({
  system: {
    info: os.system.info.handler(({ context }) => context.studio.info),
    watch: os.system.watch.handler(({ context, signal }) => stream(context.studio.status.watch(signal))),
    settings: os.system.settings.handler(({ context }) => context.studio.settings.get()),
    saveSettings: os.system.saveSettings.handler(({ context, input }) => context.studio.settings.save(input)),
    browse: os.system.browse.handler(({ context, input }) => context.studio.browse(input.path, input.models)),
    cancelJob: os.system.cancelJob.handler(({ context, input }) => context.studio.jobs.cancel(input.jobId))
  },
  datasets: {
    list: os.datasets.list.handler(({ context }) => context.studio.datasets.list()),
    get: os.datasets.get.handler(({ context, input }) => context.studio.datasets.get(input.datasetId)),
    classes: os.datasets.classes.handler(({ context, input }) => context.studio.datasets.classes(input.datasetId)),
    images: os.datasets.images.handler(({ context, input }) =>
      context.studio.datasets.images(input.datasetId, input.filter, input.offset, input.limit)
    ),
    import: os.datasets.import.handler(({ context, input }) => context.studio.datasets.import(input)),
    importSample: os.datasets.importSample.handler(({ context }) => context.studio.datasets.importSample()),
    reimport: os.datasets.reimport.handler(({ context, input }) => context.studio.datasets.reimport(input.datasetId)),
    report: os.datasets.report.handler(({ context, input }) => context.studio.datasets.report(input.datasetId)),
    rename: os.datasets.rename.handler(({ context, input }) =>
      context.studio.datasets.rename(input.datasetId, input.name)
    ),
    remove: os.datasets.remove.handler(({ context, input }) => context.studio.datasets.remove(input.datasetId))
  },
  models: {
    list: os.models.list.handler(({ context }) => context.studio.models.list()),
    get: os.models.get.handler(({ context, input }) => context.studio.models.get(input.backboneId)),
    offers: os.models.offers.handler(({ context }) => context.studio.models.offers()),
    import: os.models.import.handler(({ context, input }) => context.studio.models.import(input)),
    fetch: os.models.fetch.handler(({ context, input }) => context.studio.models.fetch(input.offer)),
    create: os.models.create.handler(({ context, input }) => context.studio.models.create(input)),
    rename: os.models.rename.handler(({ context, input }) =>
      context.studio.models.rename(input.backboneId, input.name)
    ),
    setContract: os.models.setContract.handler(({ context, input }) =>
      context.studio.models.setContract(input.backboneId, input.contract)
    ),
    measure: os.models.measure.handler(({ context, input }) =>
      context.studio.models.measure(input.backboneId, input.quick)
    ),
    remove: os.models.remove.handler(({ context, input }) =>
      context.studio.models.remove(input.backboneId, input.force)
    ),
    preview: os.models.preview.handler(({ context, input }) =>
      context.studio.models.preview(input.backboneId, input.imageId, input.contract)
    )
  },
  augmentation: {
    preview: os.augmentation.preview.handler(({ context, input }) => context.studio.augmentation.preview(input))
  },
  runs: {
    defaults: os.runs.defaults.handler(({ context, input }) =>
      context.studio.runs.defaults(input.datasetId, input.mode, input.preset, input.backboneId)
    ),
    estimate: os.runs.estimate.handler(({ context, input }) =>
      context.studio.runs.estimate(input.datasetId, input.config)
    ),
    rangeTest: os.runs.rangeTest.handler(({ context, input, signal }) =>
      stream(context.studio.runs.rangeTest(input.datasetId, input.config, signal))
    ),
    start: os.runs.start.handler(({ context, input }) => context.studio.runs.start(input)),
    stop: os.runs.stop.handler(({ context, input }) => context.studio.runs.stop(input.runId)),
    pause: os.runs.pause.handler(({ context, input }) => context.studio.runs.pause(input.runId)),
    resume: os.runs.resume.handler(({ context, input }) => context.studio.runs.resume(input.runId)),
    list: os.runs.list.handler(({ context }) => context.studio.runs.list()),
    get: os.runs.get.handler(({ context, input }) => context.studio.runs.get(input.runId)),
    metrics: os.runs.metrics.handler(({ context, input }) => context.studio.runs.metrics(input.runId)),
    curves: os.runs.curves.handler(({ context, input }) => context.studio.curves.curves(input)),
    series: os.runs.series.handler(({ context, input }) => context.studio.curves.series(input.runIds)),
    watch: os.runs.watch.handler(async ({ context, input, signal }) =>
      stream(await context.studio.runs.watch(input.runId, signal))
    ),
    evaluation: os.runs.evaluation.handler(({ context, input }) =>
      context.studio.runs.evaluation(input.runId, input.split)
    ),
    report: os.runs.report.handler(({ context, input }) => context.studio.evaluation.report(input)),
    classCurves: os.runs.classCurves.handler(({ context, input }) =>
      context.studio.evaluation.classCurves(input, input.label)
    ),
    predictions: os.runs.predictions.handler(({ context, input }) =>
      context.studio.runs.predictions(input.runId, input.filter, input.offset, input.limit)
    ),
    calibrate: os.runs.calibrate.handler(({ context, input }) => context.studio.runs.calibrate(input.runId)),
    rename: os.runs.rename.handler(({ context, input }) => context.studio.runs.rename(input.runId, input.name)),
    query: os.runs.query.handler(({ context, input }) => context.studio.runs.table.query(input)),
    columns: os.runs.columns.handler(({ context }) => context.studio.runs.table.columns()),
    exportTable: os.runs.exportTable.handler(({ context, input }) => context.studio.runs.table.export(input)),
    annotate: os.runs.annotate.handler(({ context, input }) => context.studio.runs.annotate(input)),
    remove: os.runs.remove.handler(({ context, input }) => context.studio.runs.remove(...input.runIds)),
    restore: os.runs.restore.handler(({ context, input }) => context.studio.runs.restore(...input.runIds)),
    purge: os.runs.purge.handler(({ context, input }) => context.studio.runs.purge(...input.runIds))
  },
  compare: {
    flips: os.compare.flips.handler(({ context, input: { offset, limit, ...request } }) =>
      context.studio.evaluation.flips(request, offset, limit)
    ),
    runs: os.compare.runs.handler(({ context, input }) => context.studio.compare.compare(input.runIds)),
    report: os.compare.report.handler(({ context, input }) => context.studio.report.page(input.runIds))
  },
  predictions: {
    image: os.predictions.image.handler(({ context, input }) =>
      context.studio.predictions.image(input.runId, input.source)
    ),
    folder: os.predictions.folder.handler(({ context, input, signal }) =>
      stream(context.studio.predictions.folder(input.runId, input.path, signal))
    ),
    heatMap: os.predictions.heatMap.handler(({ context, input, signal }) =>
      context.studio.looks.heatMap(input, signal)
    ),
    similar: os.predictions.similar.handler(({ context, input, signal }) =>
      context.studio.looks.similar(input.runId, input.imageId, input.count, signal)
    )
  },
  interop: {
    import: os.interop.import.handler(({ context, input }) => context.studio.interop.import(input.source, input.path)),
    export: os.interop.export.handler(({ context, input }) =>
      context.studio.interop.export(input.source, input.directory, input.runIds)
    )
  },
  exports: {
    layersModel: os.exports.layersModel.handler(({ context, input }) =>
      context.studio.exports.layersModel(input.runId, input.directory)
    )
  },
  explain: {
    start: os.explain.start.handler(({ context, input }) => context.studio.explain.start(input)),
    watch: os.explain.watch.handler(async ({ context, input, signal }) =>
      stream(await context.studio.explain.watch(input.explanationId, signal))
    ),
    stop: os.explain.stop.handler(({ context, input }) => context.studio.explain.stop(input.explanationId)),
    get: os.explain.get.handler(({ context, input }) => context.studio.explain.get(input.explanationId)),
    list: os.explain.list.handler(({ context }) => context.studio.explain.list()),
    remove: os.explain.remove.handler(({ context, input }) => context.studio.explain.remove(input.explanationId))
  },
  advisor: {
    start: os.advisor.start.handler(({ context, input }) => context.studio.advisor.start(input)),
    watch: os.advisor.watch.handler(async ({ context, input, signal }) =>
      stream(await context.studio.advisor.watch(input.adviceId, signal))
    ),
    stop: os.advisor.stop.handler(({ context, input }) => context.studio.advisor.stop(input.adviceId)),
    latest: os.advisor.latest.handler(({ context, input }) => context.studio.advisor.latest(input.datasetId))
  },
  doctor: {
    preflight: os.doctor.preflight.handler(({ context, input, signal }) =>
      stream(context.studio.doctor.preflight(input.datasetId, input.config, signal))
    ),
    run: os.doctor.run.handler(({ context, input, signal }) => context.studio.doctor.run(input.runId, signal)),
    ignore: os.doctor.ignore.handler(({ context, input }) =>
      context.studio.doctor.ignore(input.runId, input.code, input.note)
    ),
    applyAndRestart: os.doctor.applyAndRestart.handler(({ context, input }) =>
      context.studio.doctor.applyAndRestart(input.runId, input.code)
    )
  },
  devices: {
    report: os.devices.report.handler(({ context }) => context.studio.devices.report()),
    refresh: os.devices.refresh.handler(({ context }) => context.studio.devices.refresh()),
    measure: os.devices.measure.handler(({ context }) => context.studio.models.measure()),
    benchmark: os.devices.benchmark.handler(({ context }) => context.studio.benchmark()),
    prepareRuntime: os.devices.prepareRuntime.handler(({ context, input }) =>
      context.studio.devices.prepareRuntime(input.flavour)
    )
  }
})
