/**
 * A folder of MLflow's file store (`mlruns`) as runs: `EXPERIMENT/RUN/` with meta.yaml, and a file for each metric (a line
 * 'timestamp value step' a point), parameter and tag (mlflow/store/tracking/file_store.py).
 */
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { Scalar } from '@shared/domain/run-annotations'
import { StudioError } from '@shared/errors'
import { spanOf, toPoints, type ForeignReading, type ForeignRun, type RawPoint } from '../foreign-run'
import { filesBelow } from '../walk'
import { numberOf, readYaml, textOf } from './yaml-file'

/** As numbers in files of before 2020, as words since. */
const FAILED: ReadonlySet<string> = new Set(['4', 'FAILED'])
const STOPPED: ReadonlySet<string> = new Set(['5', 'KILLED', '1', 'RUNNING'])

/** What MLflow keeps in tags for itself. */
const OWN_TAG = /^mlflow\./

/** @throws StudioError interop/nothing-found, interop/unreadable */
export async function* readMlflow(root: string): AsyncGenerator<ForeignReading & { total: number }> {
  const files = await filesBelow(root)
  const runs = files.filter((file) => basename(file) === 'meta.yaml').map(dirname)
  const found: { folder: string; meta: Record<string, unknown> }[] = []
  for (const folder of runs.sort()) {
    const meta = await readYaml(join(folder, 'meta.yaml'))
    if (meta && ('run_id' in meta || 'run_uuid' in meta)) found.push({ folder, meta })
  }
  if (found.length === 0) {
    const message = `There is no run in ${root}: MLflow keeps one as a folder with a meta.yaml in it.`
    throw new StudioError('interop/nothing-found', message, { path: root })
  }
  for (const { folder, meta } of found) {
    const below = files.filter((file) => file.startsWith(folder))
    yield { ...(await readRun(root, folder, meta, below)), total: found.length }
  }
}

async function readRun(
  root: string,
  folder: string,
  meta: Readonly<Record<string, unknown>>,
  files: readonly string[]
): Promise<ForeignReading> {
  const notes: string[] = []
  const values = async (kind: string): Promise<[name: string, text: string][]> => {
    const texts: [string, string][] = []
    for (const file of files) {
      const name = relative(join(folder, kind), file).replaceAll('\\', '/')
      if (name.startsWith('..')) continue
      const text = await readFile(file, 'utf8').catch((error: Error) => {
        notes.push(`${relative(root, file)} cannot be read: ${error.message}`)
        return null
      })
      if (text !== null) texts.push([name, text])
    }
    return texts
  }
  const raw: RawPoint[] = []
  for (const [series, text] of await values('metrics')) {
    const bad = readMetric(series, text, raw)
    if (bad > 0)
      notes.push(`${relative(root, folder)}: ${bad} lines of metric '${series}' are not 'timestamp value step'`)
  }
  const settings = Object.fromEntries((await values('params')).map(([key, text]) => [key, toScalar(text)]))
  const tags = Object.fromEntries(await values('tags'))
  const [first, last] = spanOf(raw, Date.now())
  const startedAt = numberOf(meta['start_time']) ?? first
  const status = textOf(meta['status'])
  const experiment = await readYaml(join(dirname(folder), 'meta.yaml'))
  const run: ForeignRun = {
    source: 'mlflow',
    origin: folder,
    name: tags['mlflow.runName'] || textOf(meta['run_name']) || basename(folder),
    group: textOf(experiment?.['name']),
    settings,
    tags: Object.entries(tags)
      .filter(([key]) => !OWN_TAG.test(key))
      .map(([key, text]) => (text === '' || text === 'true' ? key : `${key}: ${text}`).slice(0, 60)),
    notes: tags['mlflow.note.content'] ?? '',
    points: toPoints(raw, startedAt),
    state: FAILED.has(status) ? 'failed' : STOPPED.has(status) ? 'stopped' : 'completed',
    startedAt,
    endedAt: numberOf(meta['end_time']) ?? last
  }
  if (textOf(meta['lifecycle_stage']) === 'deleted') notes.push(`${run.name} is marked as deleted in MLflow`)
  return { run, notes }
}

/** Lines of newer versions name a dataset after the step. @returns how many lines say nothing of the kind */
function readMetric(series: string, text: string, into: RawPoint[]): number {
  let bad = 0
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const [timestamp, value, step = '0'] = line.trim().split(/\s+/)
    const point = { series, at: Number(timestamp), step: Number(step), value: toNumber(value ?? '') }
    if (!Number.isFinite(point.at) || !Number.isInteger(point.step) || point.value === null) bad++
    else into.push({ ...point, value: point.value })
  }
  return bad
}

/** As Python writes numbers. */
function toNumber(text: string): number | null {
  if (/^nan$/i.test(text)) return NaN
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text)
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity
  const value = Number(text)
  return text === '' || Number.isNaN(value) ? null : value
}

/** Parameters are texts; what looks like a number or a flag of Python's is one. */
function toScalar(text: string): Scalar {
  if (text === 'None') return null
  if (text === 'True' || text === 'False') return text === 'True'
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text
}
