import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeSafetensors } from '@shared/formats/safetensors'
import { applyTemperature } from '@shared/statistics/temperature'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { TrainedModel } from '@shared/worker-protocol/infer'
import { readLayersModel } from '../../main/engine/backbones/readers/layers-model'
import { loadEmbedded } from '../fixtures/embedded-backbone'
import { interpret } from '../../main/engine/backbones/reference'
import { exportLayersModel } from '../../main/engine/export/layers-model'
import { reloadLayersModel } from '../../main/engine/export/reload'
import { writeLayersModel } from '../../main/engine/export/write-layers-model'
import { softmax, trainedGraph } from '../../main/engine/inference/trained-network'
import { GraphSketch, largestDifference, randomInput } from '../fixtures/graphs'
import { ensureTestRuntime } from '../fixtures/runtime'

const RESOURCES = join(import.meta.dirname, '../../resources')
const backbonesDirectories = [join(RESOURCES, 'backbones')]
const probes = ['1f550.png', '1f551.png', '1f552.png'].map((name) => join(RESOURCES, 'sample/clocks', name))
const classes = ['clocks', 'plants', 'tools & "more"']

let runtime: RuntimeLocation
let scratch: string
let model: TrainedModel

beforeAll(async () => {
  runtime = await ensureTestRuntime()
})

/** A run that changed the head and one kernel, one γ and one β of the backbone. */
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'export-'))
  const { features, info } = await loadEmbedded()
  const changed = ['head_conv/kernel', 'head_bn/gamma', 'head_bn/beta'].map((key) => {
    const { shape, data } = features.weights.get(key)!
    return [
      `backbone/${key}`,
      { shape, data: data.map((value, index) => value * (1 + 0.05 * Math.sin(index))) }
    ] as const
  })
  const kernel = { shape: [1280, 3], data: randomInput(1280 * 3).map((value) => value * 0.05) }
  const bias = { shape: [3], data: Float32Array.of(0.1, -0.2, 0.3) }
  const checkpointFile = join(scratch, 'checkpoint.safetensors')
  await writeFile(
    checkpointFile,
    encodeSafetensors(new Map([['head.kernel', kernel], ['head.bias', bias], ...changed]))
  )
  model = {
    runId: 'r1',
    runName: 'Run one',
    backboneId: info.id,
    classes,
    contract: { ...info.contract, cropFraction: 0.875 },
    checkpointFile,
    temperature: 1
  }
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(scratch, { recursive: true, force: true })
})

describe('export as a LayersModel', () => {
  it('writes a folder that TF.js loads and that predicts what the run does', async () => {
    const directory = join(scratch, 'deep', 'my model')
    const result = await exportLayersModel({ model, backbonesDirectories, directory, probes, runtime })
    expect(result.parity).toMatchObject({ tolerance: 1e-3, images: 3 })
    expect(result.parity.maxDifference).toBeLessThan(1e-4)
    expect((await readdir(directory)).sort()).toEqual([...result.files].sort())
    expect(await readdir(join(scratch, 'deep'))).toEqual(['my model'])
    expect(JSON.parse(await readFile(join(directory, 'labels.json'), 'utf8'))).toEqual(classes)
    expect(JSON.parse(await readFile(join(directory, 'contract.json'), 'utf8'))).toEqual(model.contract)
    const readme = await readFile(join(directory, 'README.md'), 'utf8')
    expect(readme).toContain('.sub([127, 127, 127]).div([128, 128, 128])')
    expect(readme).toContain('256 pixels')
  })

  it('holds every weight exactly', async () => {
    const directory = join(scratch, 'exact')
    await exportLayersModel({ model, backbonesDirectories, directory, probes: probes.slice(0, 1), runtime })
    const { weightsManifest } = JSON.parse(await readFile(join(directory, 'model.json'), 'utf8'))
    const graph = await trainedGraph(model, backbonesDirectories)
    const bytes = Buffer.concat(
      await Promise.all(weightsManifest[0].paths.map((path: string) => readFile(join(directory, path))))
    )
    let offset = 0
    for (const { name, shape } of weightsManifest[0].weights as { name: string; shape: number[] }[]) {
      const weight = graph.weights.get(name)!
      expect(shape).toEqual(weight.shape)
      const stored = Float32Array.from({ length: weight.data.length }, (_, i) => bytes.readFloatLE(offset + 4 * i))
      expect(largestDifference(stored, weight.data), name).toBe(0)
      offset += 4 * weight.data.length
    }
    expect(offset).toBe(bytes.length)
    expect(weightsManifest[0].weights).toHaveLength(graph.weights.size)
  })

  it('gives the calibrated probabilities of a calibrated run by itself', async () => {
    const directory = join(scratch, 'calibrated')
    const calibrated = { ...model, temperature: 2.5 }
    const result = await exportLayersModel({ model: calibrated, backbonesDirectories, directory, probes, runtime })
    expect(result.parity.maxDifference).toBeLessThan(1e-4)
    const document = JSON.parse(await readFile(join(directory, 'model.json'), 'utf8'))
    expect(document.userDefinedMetadata).toMatchObject({ temperature: 2.5 })
    expect(await readFile(join(directory, 'README.md'), 'utf8')).toContain('temperature 2.500')
    const plain = join(scratch, 'plain-probabilities')
    await exportLayersModel({ model, backbonesDirectories, directory: plain, probes: probes.slice(0, 1), runtime })
    const [hot, cold] = [await reloadLayersModel(directory, runtime), await reloadLayersModel(plain, runtime)]
    const input = randomInput(224 * 224 * 3)
    expect(
      largestDifference(hot.predict(input, 1), applyTemperature(cold.predict(input, 1), classes.length, 2.5))
    ).toBeLessThan(1e-5)
    hot.dispose()
    cold.dispose()
  })

  it('compares in plain JavaScript, on two pictures at most, while TensorFlow is not prepared', async () => {
    const directory = join(scratch, 'plain')
    const result = await exportLayersModel({ model, backbonesDirectories, directory, probes, runtime: null })
    expect(result.parity.images).toBe(2)
    expect(result.parity.maxDifference).toBeLessThan(1e-4)
  })

  it('passes over a probe that cannot be read, and takes an empty folder', async () => {
    const directory = join(scratch, 'empty')
    await mkdir(directory)
    const some = [join(scratch, 'gone.png'), probes[0]!]
    const result = await exportLayersModel({ model, backbonesDirectories, directory, probes: some, runtime })
    expect(result.parity.images).toBe(1)
  })

  it.each(['a folder that is not empty', 'a file'])('refuses %s, and leaves it as it was', async (what) => {
    const directory = what === 'a file' ? join(scratch, 'taken', 'note.txt') : join(scratch, 'taken')
    await mkdir(join(scratch, 'taken'))
    await writeFile(join(scratch, 'taken', 'note.txt'), 'mine')
    const attempt = exportLayersModel({ model, backbonesDirectories, directory, probes, runtime })
    await expect(attempt).rejects.toMatchObject({ code: 'export/exists' })
    expect(await readFile(join(scratch, 'taken', 'note.txt'), 'utf8')).toBe('mine')
  })

  it('says so and leaves nothing behind when the folder cannot be made', async () => {
    await writeFile(join(scratch, 'file'), '')
    const directory = join(scratch, 'file', 'below')
    const attempt = exportLayersModel({ model, backbonesDirectories, directory, probes, runtime })
    await expect(attempt).rejects.toMatchObject({ code: 'export/failed' })
  })

  it('is not done when the reloaded model predicts something else', async () => {
    const reload = await import('../../main/engine/export/reload')
    vi.spyOn(reload, 'reloadLayersModel').mockResolvedValue({
      predict: () => Float32Array.of(0.2, 0.3, NaN),
      dispose: () => undefined
    })
    const directory = join(scratch, 'wrong')
    const attempt = exportLayersModel({ model, backbonesDirectories, directory, probes, runtime })
    await expect(attempt).rejects.toMatchObject({ code: 'export/parity' })
    expect(await readdir(scratch)).toEqual(['checkpoint.safetensors'])
  })
})

it('writes every kind of layer in a form that TF.js runs and that reads back', async () => {
  const graph = new GraphSketch(9, 8, 3)
    .conv('explicit', [3, 3, 3, 4], { padding: { top: 1, bottom: 0, left: 2, right: 1 }, strides: 2, bias: true })
    .batchNorm('no_scale', 4, { scale: false })
    .relu('open', null)
    .zeroPad('pad', [0, 1, 1, 0])
    .depthwise('multiplied', [3, 3, 4, 2], { bias: true })
    .batchNorm('no_center', 8, { center: false })
    .relu('bounded', 6)
    .conv('dilated', [3, 3, 8, 8], { dilations: 2 })
    .add('sum', 'bounded')
    .pool()
    .dropout('drop')
    .dense('logits', 8, 5)
    .build()
  await writeLayersModel(graph, scratch, {})
  const x = randomInput(9 * 8 * 3)
  const expected = softmax(interpret(graph, x))
  const reloaded = await reloadLayersModel(scratch, runtime)
  expect(largestDifference(reloaded.predict(x, 1), expected)).toBeLessThan(1e-5)
  reloaded.dispose()
  const readBack = await readLayersModel(scratch)
  expect(largestDifference(interpret(readBack, x), expected)).toBeLessThan(1e-5)
})
