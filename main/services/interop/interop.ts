/** History from and to other programs: their folders as runs of the studio, and the studio's runs as their folders. */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { InteropExport, InteropImport } from '@shared/domain/interop'
import { newAnnotations } from '@shared/domain/run-annotations'
import type { Run } from '@shared/domain/run'
import { trainingConfigSchema } from '@shared/domain/training-config'
import { StudioError, toErrorData } from '@shared/errors'
import type { RunStore } from '../../store/store'
import type { JobsService } from '../jobs/jobs'
import { nextColor } from '../runs/naming'
import type { ForeignReading, ForeignRun, ForeignSource } from './foreign-run'
import { readMlflow } from './mlflow/read'
import { writeMlflow } from './mlflow/write'
import { outgoingRun } from './outgoing-run'
import { readTensorBoard } from './tensorboard/read'
import { writeTensorBoard } from './tensorboard/write'

/** Points that go to the store at a time: its thread answers others in between. */
const POINTS_AT_ONCE = 10_000

const PROGRAM: Record<ForeignSource, string> = { tensorboard: 'TensorBoard', mlflow: 'MLflow' }

const READERS: Record<ForeignSource, (root: string) => AsyncGenerator<ForeignReading & { total: number }>> = {
  tensorboard: readTensorBoard,
  mlflow: readMlflow
}

export interface InteropContext {
  runs: RunStore
  jobs: JobsService
}

export class InteropService {
  constructor(private readonly context: InteropContext) {}

  /**
   * Every run of a folder. One that was imported before gets the points that are there now; what was written on it stays.
   *
   * @param path absolute
   * @throws StudioError interop/nothing-found, interop/unreadable, job/cancelled
   */
  async import(source: ForeignSource, path: string): Promise<InteropImport> {
    assertAbsolute(path)
    const result: InteropImport = { added: [], updated: [], notes: [] }
    const stop = new AbortController()
    await this.asJob('import', `Runs of ${PROGRAM[source]}`, stop, async (progress) => {
      let done = 0
      for await (const { run, notes, total } of READERS[source](path)) {
        stop.signal.throwIfAborted()
        result.notes.push(...notes)
        await this.keep(run, result)
        progress(++done, total)
      }
    })
    return result
  }

  /**
   * @param directory absolute: TensorBoard's log folder, or MLflow's `mlruns`. What is in it stays.
   * @throws StudioError run/not-found, export/failed
   */
  async export(source: ForeignSource, directory: string, runIds: readonly string[]): Promise<InteropExport> {
    assertAbsolute(directory)
    const folders: string[] = []
    const stop = new AbortController()
    await this.asJob('export', `Runs for ${PROGRAM[source]}`, stop, async (progress) => {
      const names = new Set<string>()
      for (const runId of runIds) {
        stop.signal.throwIfAborted()
        const run = await this.get(runId)
        const outgoing = outgoingRun(run, await this.context.runs.points(runId))
        const name = folderName(run, names)
        try {
          await mkdir(directory, { recursive: true })
          if (source === 'mlflow') folders.push(await writeMlflow(directory, outgoing))
          else {
            await writeTensorBoard(join(directory, name), outgoing)
            folders.push(join(directory, name))
          }
        } catch (error) {
          const message = `${directory} cannot be written to: ${(error as Error).message}.`
          throw new StudioError('export/failed', message, { directory }, { cause: error })
        }
        progress(folders.length, runIds.length)
      }
    })
    return { folders }
  }

  private async asJob(
    kind: 'import' | 'export',
    title: string,
    stop: AbortController,
    work: (progress: (done: number, total: number) => void) => Promise<void>
  ): Promise<void> {
    const job = this.context.jobs.start({ kind, title, stoppable: true, onStop: () => stop.abort() })
    try {
      await work((done, total) => job.progress({ phase: kind === 'import' ? 'Reading' : 'Writing', done, total }))
      job.done()
    } catch (error) {
      if (stop.signal.aborted) {
        job.cancelled()
        throw new StudioError('job/cancelled', `'${title}' was stopped; what was done by then is kept.`)
      }
      job.fail(toErrorData(error))
      throw error
    }
  }

  private async keep(foreign: ForeignRun, result: InteropImport): Promise<void> {
    const { runs } = this.context
    const id = idOf(foreign)
    const known = await runs.get(id)
    if (!known) await runs.create(asRun(id, foreign, nextColor(await runs.list())), process.pid)
    else if (known.removedAt !== null) await runs.restore([id])
    const { points } = foreign
    await runs.replacePoints(id, points.slice(0, POINTS_AT_ONCE))
    for (let from = POINTS_AT_ONCE; from < points.length; from += POINTS_AT_ONCE) {
      await runs.appendPoints(id, points.slice(from, from + POINTS_AT_ONCE))
    }
    const list = known ? result.updated : result.added
    list.push({ id, name: foreign.name, points: points.length })
  }

  private async get(runId: string): Promise<Run> {
    const run = await this.context.runs.get(runId)
    if (!run) throw new StudioError('run/not-found', `There is no run '${runId}'.`, { runId })
    return run
  }
}

/** The same folder is the same run, however often it is read. */
const idOf = ({ source, origin }: ForeignRun): string =>
  createHash('sha256').update(`${source} ${origin}`).digest('hex').slice(0, 12)

function asRun(id: string, foreign: ForeignRun, color: number): Run {
  const { name, group, settings, source, origin, state, tags, notes, startedAt, endedAt, points } = foreign
  const epochs = points.reduce((most, { epoch }) => Math.max(most, epoch), 0)
  return {
    ...newAnnotations(),
    id,
    name: name.slice(0, 120),
    color,
    datasetId: '',
    datasetName: group,
    datasetHash: '',
    imageCount: 0,
    classes: [],
    config: trainingConfigSchema.parse({}),
    state,
    environment: null,
    epochsDone: Math.floor(epochs),
    best: null,
    test: null,
    seconds: null,
    checkpoint: null,
    findings: [],
    error: null,
    createdAt: startedAt,
    startedAt,
    endedAt,
    tags,
    notes,
    imported: { source, origin, settings }
  }
}

/** A name that any file system takes; runs of one name are told apart by their ids. */
function folderName({ id, name }: Run, taken: Set<string>): string {
  const safe = name
    .replaceAll(/[^\p{L}\p{N}_\-. ]/gu, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100)
  const own = taken.has(safe.toLowerCase()) ? `${safe}-${id}` : safe
  taken.add(own.toLowerCase())
  return own
}

function assertAbsolute(path: string): void {
  if (!isAbsolute(path))
    throw new StudioError('interop/unreadable', `Give the whole path of a folder, not '${path}'.`, { path })
}
