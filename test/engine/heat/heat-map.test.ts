/** Heat maps of pictures whose evidence lies in one place, by a network that was made by hand to look for it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HeatMap, HeatMethod } from '@shared/domain/heat'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { SafeTensor } from '@shared/formats/safetensors'
import { decodeCells } from '@shared/heat/paint'
import type { NetworkGraph } from '../../../main/engine/backbones/graph'
import type { Executor } from '../../../main/engine/executors/executor'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { openExplained, type ExplainedNetwork } from '../../../main/engine/inference/heat/explained-network'
import { heatMap } from '../../../main/engine/inference/heat/heat-map'
import { backboneOf, modelWith, squareContract } from './explained'

const SIDE = 48
const CLASSES = ['red', 'blue']

let folder: string
let executor: Executor
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heat-'))
  executor = await createOnnxRuntimeExecutor({ threads: 2 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Two channels: how red a patch of 4 × 4 pixels is, and how blue, above the other colours. */
function colourSeeker(): NetworkGraph {
  const kernel = new Float32Array(4 * 4 * 3 * 2)
  for (let tap = 0; tap < 16; tap++) kernel.set([1, -1, -0.5, -0.5, -1, 1], tap * 6)
  return {
    name: 'seeker',
    nodes: [
      { name: 'image', op: 'input', height: SIDE, width: SIDE, channels: 3 },
      {
        name: 'seek',
        op: 'conv2d',
        input: 'image',
        kernel: 'kernel',
        bias: null,
        strides: [4, 4],
        dilations: [1, 1],
        padding: 'valid'
      },
      { name: 'map', op: 'relu', input: 'seek', max: null },
      { name: 'pool', op: 'globalAveragePool', input: 'map', keepDims: false }
    ],
    output: 'pool',
    weights: new Map([['kernel', { shape: [4, 4, 3, 2], data: kernel }]])
  }
}

const HEAD = new Map<string, SafeTensor>([
  ['head.kernel', { shape: [2, 2], data: Float32Array.of(1, -1, -1, 1) }],
  ['head.bias', { shape: [2], data: Float32Array.of(0, 0) }]
])

async function withNetwork<T>(
  crop: PreprocessingContract['crop'],
  work: (network: ExplainedNetwork) => Promise<T>,
  opaque = false
): Promise<T> {
  const contract = squareContract(SIDE, crop)
  const model = await modelWith(folder, HEAD, contract, CLASSES)
  const network = await openExplained(model, backboneOf(colourSeeker(), contract, opaque), executor)
  try {
    return await work(network)
  } finally {
    await network.dispose()
  }
}

interface Patch {
  left: number
  top: number
  side: number
  colour: string
}

async function picture(name: string, width: number, height: number, ...patches: Patch[]): Promise<string> {
  const path = join(folder, `${name}.png`)
  await sharp({ create: { width, height, channels: 3, background: '#8f8f8f' } })
    .composite(
      patches.map(({ left, top, side, colour }) => ({
        input: { create: { width: side, height: side, channels: 3 as const, background: colour } },
        left,
        top
      }))
    )
    .png()
    .toFile(path)
  return path
}

const ask = (path: string, method: HeatMethod, classIndex: number | null = null, overlay = false) => ({
  path,
  method,
  classIndex,
  overlay
})

/** Share of the heat that lies in the quarter with that corner. */
function shareIn({ width, height, values }: HeatMap, right: boolean, bottom: boolean): number {
  const cells = decodeCells(values)
  let [inside, all] = [0, 0]
  cells.forEach((value, index) => {
    all += value
    const [column, row] = [index % width, Math.floor(index / width)]
    if (column >= width / 2 === right && row >= height / 2 === bottom) inside += value
  })
  return inside / all
}

describe('a class whose evidence lies in one quarter', () => {
  it.each(['grad-cam', 'occlusion'] as const)('is found there by %s, for either class', async (method) => {
    const red = { left: 8, top: 60, side: 28, colour: '#f01010' }
    const blue = { left: 60, top: 8, side: 24, colour: '#1010f0' }
    const path = await picture('both', 96, 96, red, blue)
    await withNetwork('center-crop', async (network) => {
      const best = await heatMap(network, ask(path, method))
      expect(best).toMatchObject({ method, note: null, classLabel: 'red', width: 12, height: 12, overlay: null })
      expect(best.box).toEqual({ left: 0, top: 0, width: 96, height: 96 })
      expect(best.peak).toBeGreaterThan(0)
      expect(Math.max(...decodeCells(best.values))).toBe(255)
      expect(shareIn(best, false, true)).toBeGreaterThan(0.95)
      const other = await heatMap(network, ask(path, method, 1))
      expect(other.classLabel).toBe('blue')
      expect(best.probability + other.probability).toBeCloseTo(1)
      expect(shareIn(other, true, false)).toBeGreaterThan(0.95)
    })
  })

  it('is mapped back to the whole picture, what was cut away unseen', async () => {
    // The red on the left lies outside of the central square; the one within is at the square's right edge.
    const outside = { left: 0, top: 0, side: 40, colour: '#f01010' }
    const path = await picture('wide', 192, 96, outside, { left: 112, top: 32, side: 32, colour: '#f01010' })
    const found = await withNetwork('center-crop', (network) => heatMap(network, ask(path, 'grad-cam', 0, true)))
    expect(found.picture).toEqual({ width: 192, height: 96 })
    expect(found.box).toEqual({ left: 48, top: 0, width: 96, height: 96 })
    const cells = decodeCells(found.values)
    const hottest = cells.indexOf(255) % found.width
    expect(found.box.left + ((hottest + 0.5) / found.width) * found.box.width).toBeGreaterThan(112)

    const png = Buffer.from(found.overlay!.replace('data:image/png;base64,', ''), 'base64')
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([1024, 512])
    const at = (x: number, y: number): number[] => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)]
    const scale = 1024 / 192
    // Dimmed to 35 %, left as it is, and covered with the colour of the most.
    expect(at(Math.round(44 * scale), Math.round(90 * scale))).toEqual([50, 50, 50])
    expect(at(Math.round(60 * scale), Math.round(90 * scale))).toEqual([143, 143, 143])
    const [redness, greenness] = at(Math.round(128 * scale), Math.round(48 * scale))
    expect(redness).toBeGreaterThan(200)
    expect(greenness).toBeGreaterThan(100)
  })

  it('leaves the black beside a picture alone, and spends nothing on it', async () => {
    const path = await picture('tall', 48, 96, { left: 8, top: 8, side: 24, colour: '#f01010' })
    const totals: number[] = []
    const onProgress = (_done: number, total: number): void => void totals.push(total)
    const found = await withNetwork('pad', (network) => heatMap(network, ask(path, 'occlusion'), { onProgress }))
    expect(found.box).toEqual({ left: -24, top: 0, width: 96, height: 96 })
    expect(totals[0]).toBe(6 * 12)
    const cells = decodeCells(found.values)
    cells.forEach((value, index) => {
      if (index % 12 < 3 || index % 12 > 8) expect(value).toBe(0)
    })
  })
})

describe('a heat map', () => {
  it('of a network whose layers are not known is made by occlusion, and says so', async () => {
    const path = await picture('one', 96, 96, { left: 60, top: 60, side: 28, colour: '#f01010' })
    const found = await withNetwork('squash', (network) => heatMap(network, ask(path, 'grad-cam')), true)
    expect(found.method).toBe('occlusion')
    expect(found.note).toContain("By occlusion instead of Grad-CAM: 'Test' is kept as onnx")
    expect(shareIn(found, true, true)).toBeGreaterThan(0.95)
  })

  it.each(['grad-cam', 'occlusion'] as const)('says by %s when nothing speaks for the class', async (method) => {
    const path = await picture('plain', 64, 64)
    const found = await withNetwork('squash', (network) => heatMap(network, ask(path, method, 1)))
    expect(found).toMatchObject({ peak: 0, note: "Nothing in the picture speaks for 'blue'." })
    expect(decodeCells(found.values).every((value) => value === 0)).toBe(true)
  })

  it('of no such class, or of no picture, is refused; one that nobody waits for ends', async () => {
    const path = await picture('last', 64, 64, { left: 0, top: 0, side: 20, colour: '#1010f0' })
    await withNetwork('squash', async (network) => {
      await expect(heatMap(network, ask(path, 'grad-cam', 2))).rejects.toMatchObject({
        code: 'request/invalid',
        message: expect.stringContaining('2 classes')
      })
      await expect(heatMap(network, ask(join(folder, 'absent.png'), 'grad-cam'))).rejects.toMatchObject({
        code: 'image/not-found'
      })
      const leaving = new AbortController()
      let done = 0
      const onProgress = (now: number): void => {
        done = now
        if (now > 0) leaving.abort()
      }
      const stopped = heatMap(network, ask(path, 'occlusion'), { signal: leaving.signal, onProgress })
      await expect(stopped).rejects.toMatchObject({ code: 'job/cancelled' })
      expect(done).toBe(16)
    })
  })
})
