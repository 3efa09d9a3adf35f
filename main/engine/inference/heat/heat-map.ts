/** From a picture's file to where a run looks in it. */
import type { HeatMap, HeatMethod } from '@shared/domain/heat'
import { StudioError } from '@shared/errors'
import { openImage, type OpenImage } from '../../data/decode'
import { viewOf, type Box } from '../../data/geometry'
import { normalize } from '../../data/normalize'
import { loadPixels } from '../../data/preprocess'
import { softmax } from '../trained-network'
import type { ExplainedNetwork } from './explained-network'
import type { HeatGrid } from './grad-cam'
import { occlusion } from './occlusion'
import { drawOverlay } from './overlay'

export interface HeatMapRequest {
  path: string
  /** Null: the most probable one. */
  classIndex: number | null
  method: HeatMethod
  overlay: boolean
}

export interface HeatMapOptions {
  signal?: AbortSignal
  /** Places hidden so far; of occlusion only. */
  onProgress?: (done: number, total: number) => void
}

/** @throws StudioError image/*, request/invalid when there is no such class, job/cancelled when the signal is aborted */
export async function heatMap(
  network: ExplainedNetwork,
  request: HeatMapRequest,
  options: HeatMapOptions = {}
): Promise<HeatMap> {
  const start = performance.now()
  const { classes, contract } = network
  if (request.classIndex !== null && request.classIndex >= classes.length) {
    const message = `The value of 'classIndex' is not valid: the run has ${classes.length} classes, counted from 0.`
    throw new StudioError('request/invalid', message, { key: 'classIndex', classes: classes.length })
  }
  const image = await openImage(request.path)
  const pixels = (await loadPixels(image, contract)).data
  const { box } = viewOf(image.width, image.height, contract)
  const found = await look(network, request, { ...options, pixels, image, box })
  const { values, peak } = toBytes(found.grid)
  const overlay = request.overlay ? await drawOverlay(image, box, { ...found.grid, values }) : null
  return {
    width: found.grid.width,
    height: found.grid.height,
    values: Buffer.from(values).toString('base64'),
    peak,
    picture: { width: image.width, height: image.height },
    box,
    classIndex: found.classIndex,
    classLabel: classes[found.classIndex]!,
    probability: softmax(found.scores, network.temperature)[found.classIndex]!,
    method: found.method,
    note: found.note,
    overlay,
    ms: performance.now() - start
  }
}

interface Looked {
  grid: HeatGrid
  scores: Float32Array
  classIndex: number
  method: HeatMethod
  note: string | null
}

async function look(
  network: ExplainedNetwork,
  { classIndex: asked, method }: HeatMapRequest,
  { pixels, image, box, signal, onProgress }: HeatMapOptions & { pixels: Uint8Array; image: OpenImage; box: Box }
): Promise<Looked> {
  const { contract } = network
  const input = normalize(pixels, contract)
  if (method === 'grad-cam' && network.gradCam) {
    const view = await network.gradCam(input)
    const classIndex = asked ?? largest(view.scores)
    const grid = view.of(classIndex)
    return { grid, scores: view.scores, classIndex, method, note: nothingFound(grid, network.classes[classIndex]!) }
  }
  const scores = await network.scores(input, 1)
  const classIndex = asked ?? largest(scores)
  const isEmpty = (column: number, row: number, cells: number): boolean => isOutside(image, box, column, row, cells)
  const run = network.scores.bind(network)
  const grid = await occlusion({ pixels, contract, classIndex, scores: run, isEmpty, signal, onProgress })
  const instead = method === 'grad-cam' ? `By occlusion instead of Grad-CAM: ${network.reason}.` : null
  const nothing = nothingFound(grid, network.classes[classIndex]!)
  const note = [instead, nothing].filter((line) => line !== null).join(' ')
  return { grid, scores, classIndex, method: 'occlusion', note: note || null }
}

const nothingFound = ({ cells }: HeatGrid, label: string): string | null =>
  cells.some((value) => value > 0) ? null : `Nothing in the picture speaks for '${label}'.`

/** Whether a cell shows only what was put beside the picture. */
function isOutside({ width, height }: OpenImage, box: Box, column: number, row: number, cells: number): boolean {
  const [across, down] = [box.width / cells, box.height / cells]
  const [left, top] = [box.left + column * across, box.top + row * down]
  return left >= width || top >= height || left + across <= 0 || top + down <= 0
}

function largest(scores: Float32Array): number {
  return scores.reduce((best, score, index) => (score > scores[best]! ? index : best), 0)
}

function toBytes({ cells }: HeatGrid): { values: Uint8Array; peak: number } {
  const peak = cells.reduce((most, value) => Math.max(most, value), 0)
  return { values: Uint8Array.from(cells, (value) => (peak > 0 ? Math.round((255 * value) / peak) : 0)), peak }
}
