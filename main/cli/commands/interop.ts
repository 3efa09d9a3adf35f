/** `runs import` and `runs export`: history from and to TensorBoard and MLflow. */
import { resolve } from 'node:path'
import type { ImportedRun } from '@shared/domain/run-annotations'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table } from '../table'

type Source = ImportedRun['source']

export async function importRuns({ studio, output }: CommandContext, source: Source, dir: string): Promise<ExitCode> {
  const result = await studio.interop.import(source, resolve(dir))
  const rows = [
    ...result.added.map(({ id, name, points }) => [id, name, 'added', String(points)]),
    ...result.updated.map(({ id, name, points }) => [id, name, 'updated', String(points)])
  ]
  output.result(result, [table(['id', 'name', 'it was', 'points'], rows, [3]), ...result.notes].join('\n'))
  return EXIT.ok
}

/** @param references of runs; none: all of them */
export async function exportRuns(
  { studio, output }: CommandContext,
  source: Source,
  dir: string,
  references: readonly string[]
): Promise<ExitCode> {
  const runs =
    references.length > 0
      ? await Promise.all(references.map((reference) => studio.runs.resolve(reference)))
      : await studio.runs.list()
  const result = await studio.interop.export(
    source,
    resolve(dir),
    runs.map(({ id }) => id)
  )
  output.result(result, result.folders.join('\n'))
  return EXIT.ok
}
