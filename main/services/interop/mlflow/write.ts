/** Runs as MLflow's file store: an experiment a dataset, its runs in it, as `mlflow ui --backend-store-uri DIR` reads them. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Scalar } from '@shared/domain/run-annotations'
import type { OutgoingRun } from '../outgoing-run'
import { readYaml, textOf, toYaml } from './yaml-file'

const STATUS = { finished: 3, failed: 4, killed: 5 }
const SOURCE_LOCAL = 4

/** MLflow takes letters, digits and `_ - . / : space` in a key; anything else becomes an underscore. */
const keyOf = (name: string): string => name.replaceAll(/[^\w\-./: ]/g, '_').slice(0, 250)

/** The longest parameter that MLflow takes. */
const LONGEST_VALUE = 6000

/**
 * @param root the store: made when it is missing; what is in it stays, but for an earlier export of the same run
 * @returns the run's folder
 */
export async function writeMlflow(root: string, run: OutgoingRun): Promise<string> {
  const experimentId = await findExperiment(root, run.group || 'Whetstone')
  // MLflow's ids are 32 hex digits; the same run keeps its own from one export to the next.
  const runId = createHash('md5').update(`whetstone ${run.id}`).digest('hex')
  const folder = join(root, experimentId, runId)
  await rm(folder, { recursive: true, force: true })
  for (const kind of ['metrics', 'params', 'tags', 'artifacts']) await mkdir(join(folder, kind), { recursive: true })
  const meta = {
    artifact_uri: pathToFileURL(join(folder, 'artifacts')).href,
    end_time: run.endedAt,
    entry_point_name: '',
    experiment_id: experimentId,
    lifecycle_stage: 'active',
    run_id: runId,
    run_name: run.name,
    run_uuid: runId,
    source_name: 'whetstone',
    source_type: SOURCE_LOCAL,
    source_version: '',
    start_time: run.startedAt,
    status: run.state === 'completed' ? STATUS.finished : run.state === 'failed' ? STATUS.failed : STATUS.killed,
    tags: [],
    user_id: 'whetstone'
  }
  await writeFile(join(folder, 'meta.yaml'), toYaml(meta))
  await writeAll(
    join(folder, 'params'),
    Object.entries(run.settings).map(([key, value]) => [key, asText(value)])
  )
  await writeAll(join(folder, 'tags'), [
    ['mlflow.runName', run.name],
    ['mlflow.source.name', 'whetstone'],
    ...(run.notes ? [['mlflow.note.content', run.notes] as [string, string]] : []),
    ...run.tags.map((tag): [string, string] => [tag, 'true'])
  ])
  await writeAll(join(folder, 'metrics'), metricsOf(run))
  return folder
}

/** A file a metric: 'timestamp value step' a line, in the order of the steps. */
function metricsOf({ points, results, startedAt, endedAt }: OutgoingRun): [string, string][] {
  const lines = new Map<string, string[]>()
  const add = (series: string, at: number, value: number | null, step: number): void => {
    const own = lines.get(series) ?? []
    own.push(`${Math.round(at)} ${value ?? 'nan'} ${step}`)
    lines.set(series, own)
  }
  const inOrder = [...points].sort((a, b) => a.step - b.step)
  for (const { series, step, timeMs, value } of inOrder) add(series, startedAt + timeMs, value, step)
  let before: number | null = null
  for (const { step, epoch, timeMs } of inOrder) {
    if (step !== before) add('epoch', startedAt + timeMs, epoch, step)
    before = step
  }
  const last = inOrder.at(-1)?.step ?? 0
  for (const [name, value] of Object.entries(results)) add(name, endedAt, value, last)
  return [...lines].map(([series, own]) => [series, `${own.join('\n')}\n`])
}

async function writeAll(folder: string, values: readonly [name: string, text: string][]): Promise<void> {
  for (const [name, text] of values) {
    const key = keyOf(name)
    // A slash in a metric's name is a folder of the store; one that leads out of it is none.
    const path = join(folder, ...key.split('/').map((part) => (/^\.*$/.test(part) ? '_' : part)))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
}

const asText = (value: Scalar): string =>
  value === null
    ? 'None'
    : typeof value === 'boolean'
      ? value
        ? 'True'
        : 'False'
      : String(value).slice(0, LONGEST_VALUE)

/** By its name; made when there is none. */
async function findExperiment(root: string, name: string): Promise<string> {
  await mkdir(root, { recursive: true })
  for (const id of await readdir(root)) {
    const meta = await readYaml(join(root, id, 'meta.yaml'))
    if (meta && textOf(meta['name']) === name && textOf(meta['lifecycle_stage']) === 'active') return id
  }
  // As MLflow's own: 18 digits. Out of the name, so that two exports at a time make one.
  const digits = BigInt(`0x${createHash('sha256').update(name).digest('hex').slice(0, 14)}`) % 10n ** 17n
  const id = String(10n ** 17n + digits)
  const folder = join(root, id)
  await mkdir(folder, { recursive: true })
  const now = Date.now()
  const meta = {
    artifact_location: pathToFileURL(folder).href,
    creation_time: now,
    experiment_id: id,
    last_update_time: now,
    lifecycle_stage: 'active',
    name
  }
  await writeFile(join(folder, 'meta.yaml'), toYaml(meta))
  return id
}
