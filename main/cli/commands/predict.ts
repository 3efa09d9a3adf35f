/** `predict RUN FILE|DIR [--csv FILE] [--heat DIR [--method METHOD]]`. */
import { stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { HeatMethod } from '@shared/domain/heat'
import type { ImagePrediction } from '@shared/domain/prediction'
import { StudioError } from '@shared/errors'
import { formatPercent } from '@shared/text/format'
import { predictionsCsv } from '../csv'
import { writeHeatMaps } from '../heat-files'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table } from '../table'

export interface PredictOptions {
  /** File for the predictions. */
  csv?: string
  /** Folder for pictures of where the run looked. */
  heat?: string
  method: HeatMethod
}

export async function predict(
  context: CommandContext,
  reference: string,
  target: string,
  { csv, heat, method }: PredictOptions
): Promise<ExitCode> {
  const { studio, output } = context
  const run = await studio.runs.resolve(reference)
  const path = resolve(target)
  const info = await stat(path).catch(() => null)
  if (!info) throw new StudioError('predict/no-images', `There is nothing at ${path}.`, { path })
  const predictions = info.isDirectory()
    ? await predictFolder(context, run.id, path)
    : [await studio.predictions.image(run.id, { path })]
  if (csv !== undefined) await writeCsv(resolve(csv), predictions)
  const base = { run: run.id, predictions }
  if (heat === undefined) {
    output.result(base, describe(predictions))
    return EXIT.ok
  }
  const readable = predictions.filter(({ error }) => !error).map(({ file }) => file)
  const pictures = info.isDirectory()
    ? readable.map((file) => ({ file, path: join(path, file) }))
    : [{ file: readable[0]!, path }]
  const heatMaps = await writeHeatMaps(context, { runId: run.id, pictures, directory: resolve(heat), method })
  output.result({ ...base, heatMaps }, `${describe(predictions)}\n${heatMaps.length} heat maps in ${resolve(heat)}`)
  return EXIT.ok
}

async function predictFolder(
  { studio, onInterrupt }: CommandContext,
  runId: string,
  path: string
): Promise<ImagePrediction[]> {
  const leaving = new AbortController()
  onInterrupt(() => leaving.abort())
  const predictions: ImagePrediction[] = []
  for await (const part of studio.predictions.folder(runId, path, leaving.signal)) predictions.push(...part.predictions)
  if (predictions.length === 0) throw new StudioError('predict/no-images', `There are no images in ${path}.`, { path })
  return predictions
}

async function writeCsv(file: string, predictions: ImagePrediction[]): Promise<void> {
  await writeFile(file, predictionsCsv(predictions)).catch((cause: Error) => {
    throw new StudioError('export/failed', `${file} cannot be written: ${cause.message}.`, { file }, { cause })
  })
}

function describe(predictions: ImagePrediction[]): string {
  const [first] = predictions
  if (predictions.length === 1 && first && !first.error) {
    return table(
      ['label', 'probability'],
      first.top.slice(0, 5).map(({ label, probability }) => [label, formatPercent(probability)]),
      [1]
    )
  }
  return table(
    ['file', 'label', 'probability'],
    predictions.map(({ file, top, error }) => [
      file,
      error?.message ?? top[0]?.label ?? null,
      top[0] ? formatPercent(top[0].probability) : null
    ]),
    [2]
  )
}
