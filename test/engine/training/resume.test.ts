/** A training that is killed, paused, or robbed of its checkpoints, against one that nothing happened to. */
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { presetConfig } from '@shared/domain/presets'
import type { TrainingConfig } from '@shared/domain/training-config'
import { decodeSafetensors } from '@shared/formats/safetensors'
import { createRandom } from '@shared/random'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import type { LabelledImage, TrainJob } from '@shared/worker-protocol/train'
import { loadEmbedded } from '../../fixtures/embedded-backbone'
import { drawPatterns, PATTERNS } from '../../fixtures/patterns'
import { ensureTestRuntime } from '../../fixtures/runtime'
import { buildTrainWorker, Telling, trainInProcess, type TrainEnding } from '../../fixtures/train-process'

const BACKBONES = join(import.meta.dirname, '../../../resources/backbones')

let home: string
let images: LabelledImage[]
let runtime: RuntimeLocation

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'whetstone resume '))
  images = await drawPatterns(join(home, 'data'))
  runtime = await ensureTestRuntime()
  await buildTrainWorker()
}, 120_000)
afterAll(() => rm(home, { recursive: true, force: true }))

/** Whatever draws random numbers or remembers something is switched on. */
function headConfig(): TrainingConfig {
  const config = presetConfig('default', 'head')
  Object.assign(config.head, {
    method: 'gradient',
    epochs: 1500,
    batchSize: 6,
    dropout: 0.3,
    optimizer: 'adamw',
    ema: 0.9
  })
  config.earlyStopping.enabled = false
  return config
}

function fineTuneConfig(): TrainingConfig {
  const config = presetConfig('default', 'finetune')
  Object.assign(config.head, { method: 'gradient', epochs: 3, batchSize: 6 })
  Object.assign(config.fineTune, {
    unfreeze: 2,
    // Seconds, so that checkpoints are written on the way and a kill or a pause meets it in its midst.
    epochs: 50,
    batchSize: 6,
    dropout: 0.2,
    mixup: 0.2,
    ema: 0.9,
    optimizer: 'adamw',
    learningRate: 3e-4
  })
  Object.assign(config.augmentation, { flip: true, shift: 0.1 })
  config.earlyStopping.enabled = false
  return config
}

async function jobOf(name: string, config: TrainingConfig, changes: Partial<TrainJob> = {}): Promise<TrainJob> {
  const { info } = await loadEmbedded('efficientnet-lite0')
  const directory = join(home, 'runs', name)
  return {
    runId: name,
    directory,
    backbonesDirectories: [BACKBONES],
    featureCacheDirectory: join(home, 'features'),
    decodedDirectory: null,
    datasetRoot: join(home, 'data'),
    classes: PATTERNS,
    images,
    config,
    contract: { ...info.contract, size: 64 },
    runtime: config.mode === 'finetune' ? runtime : null,
    fallback: null,
    threads: 1,
    datasetHash: 'data',
    checkpoints: { directory: join(directory, 'checkpoints'), resume: false, everySeconds: 0 },
    ...changes
  }
}

const resumed = (job: TrainJob): TrainJob => ({ ...job, checkpoints: { ...job.checkpoints, resume: true } })

const tensorsOf = async (file: string | null) => decodeSafetensors(await readFile(file!)).tensors

async function expectSame(a: [TrainEnding, Telling], b: [TrainEnding, Telling]): Promise<void> {
  expect(b[1].curves()).toEqual(a[1].curves())
  const [one, other] = [a[0].last, b[0].last]
  if (one?.type !== 'finished' || other?.type !== 'finished') throw new Error(JSON.stringify([one, other]))
  expect(other).toMatchObject({ outcome: 'completed', epochsDone: one.epochsDone, best: one.best })
  expect(await tensorsOf(other.predictionsFile)).toEqual(await tensorsOf(one.predictionsFile))
  expect(await tensorsOf(other.checkpointFile)).toEqual(await tensorsOf(one.checkpointFile))
}

describe.each([
  ['a head', headConfig],
  ['a fine-tune', fineTuneConfig]
])('%s', (name, config) => {
  const whole = new Telling()
  let uninterrupted: TrainEnding

  beforeAll(async () => {
    uninterrupted = await trainInProcess(await jobOf(`${name} whole`, config()), whole)
  }, 120_000)

  it('gives the same metrics and weights for the same seed and data', async () => {
    const again = new Telling()
    const ending = await trainInProcess(await jobOf(`${name} again`, config()), again)
    await expectSame([uninterrupted, whole], [ending, again])
  }, 120_000)

  it('killed at three random steps, it goes on to the same curves and weights, bit for bit', async () => {
    const seed = Date.now() % 1e6
    const random = createRandom(seed)
    const steps = [1, 2, 3].map((place) => Math.floor((whole.lastStep * (place - 1 + random.float())) / 4))
    const job = await jobOf(`${name} killed`, config())
    const telling = new Telling()
    let kills = 0
    let ending: TrainEnding | null = null
    for (const step of [...steps, Infinity]) {
      const before = telling.of('checkpoint').length
      const due = (): boolean => telling.lastStep >= step && telling.of('checkpoint').length > before
      ending = await trainInProcess(kills === 0 ? job : resumed(job), telling, () => (due() ? 'kill' : null))
      if (ending.signal !== 'SIGKILL') break
      kills++
    }
    expect(kills, `seed ${seed}`).toBe(3)
    expect(telling.of('resumed').every(({ checkpoint }) => checkpoint !== null)).toBe(true)
    await expectSame([uninterrupted, whole], [ending!, telling])
  }, 240_000)

  it('paused and resumed, it is the same run; its time goes on', async () => {
    const job = await jobOf(`${name} paused`, config(), {})
    job.checkpoints.everySeconds = 1000
    const telling = new Telling()
    const third = whole.lastStep / 3
    const first = await trainInProcess(job, telling, () => (telling.lastStep >= third ? 'pause' : null))
    if (first.last?.type !== 'finished') throw new Error(JSON.stringify(first))
    expect(first.last).toMatchObject({ outcome: 'paused', predictionsFile: null, checkpointFile: null })
    const { step, seconds } = first.last.checkpoint!
    expect(step).toBeGreaterThanOrEqual(third)
    expect(step).toBeLessThan(whole.lastStep)
    const ending = await trainInProcess(resumed(job), telling)
    await expectSame([uninterrupted, whole], [ending, telling])
    const points = [...telling.points.values()].filter(({ series }) => series === 'train_loss')
    const times = points.sort((a, b) => a.step - b.step).map(({ timeMs }) => timeMs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times[points.findIndex((point) => point.step > step)]!).toBeGreaterThan(seconds * 1000)
  }, 240_000)

  it('goes on from the checkpoint before a torn one, and from the beginning of the phase when both are', async () => {
    const job = await jobOf(`${name} torn`, config())
    const telling = new Telling()
    const late = whole.lastStep * 0.5
    await trainInProcess(job, telling, () =>
      telling.lastStep >= late && telling.of('checkpoint').length >= 2 ? 'kill' : null
    )
    const { directory } = job.checkpoints
    const states = async (): Promise<string[]> =>
      (await readdir(directory)).filter((file) => file.endsWith('.safetensors') && file.startsWith('state')).sort()
    await truncate(join(directory, (await states()).at(-1)!), 1000)
    const once = new Telling()
    await trainInProcess(resumed(job), once, () => (once.of('resumed').length > 0 ? 'kill' : null))
    expect(once.of('finding')[0]!.finding).toMatchObject({ code: 'run/checkpoint-damaged', count: 1 })
    expect(once.of('resumed')[0]!.checkpoint!.step).toBeGreaterThan(0)

    // One more may have been written before the kill.
    for (const file of await states()) await truncate(join(directory, file), 1000)
    const ending = await trainInProcess(resumed(job), telling)
    const { finding } = telling.of('finding')[0]!
    expect(finding.title).toContain(config().mode === 'head' ? 'began anew' : 'began its finetune phase anew')
    await expectSame([uninterrupted, whole], [ending, telling])
  }, 240_000)

  it('refuses to go on with other images, another backbone or other settings', async () => {
    const job = await jobOf(`${name} changed`, config())
    const telling = new Telling()
    await trainInProcess(job, telling, () => (telling.of('checkpoint').length > 0 ? 'kill' : null))
    const swapped = images.map((image, index) => (index === 0 ? { ...image, split: 'test' as const } : image))
    const other = config()
    other.seed++
    for (const [change, code] of [
      [{ images: swapped }, 'run/dataset-changed'],
      [{ datasetHash: 'other' }, 'run/dataset-changed'],
      [{ config: other }, 'run/not-resumable']
    ] as const) {
      const { last } = await trainInProcess({ ...resumed(job), ...change }, new Telling())
      expect(last).toMatchObject({ type: 'failed', error: { code } })
    }
  }, 240_000)
})

it('goes on from a fine-tune that began without a trained head, on two threads within 1e-5', async () => {
  const config = fineTuneConfig()
  Object.assign(config.fineTune, { headFirst: false, epochs: 40 })
  const [whole, paused] = [new Telling(), new Telling()]
  await trainInProcess(await jobOf('two threads', config, { threads: 2 }), whole)
  expect(whole.curves()[0]![1]).toBe(1)
  const job = await jobOf('two threads paused', config, { threads: 2 })
  const first = await trainInProcess(job, paused, () => (paused.lastStep >= 4 ? 'pause' : null))
  expect(first.last).toMatchObject({ outcome: 'paused' })
  await trainInProcess(resumed(job), paused)
  const [curves, others] = [whole.curves(), paused.curves()]
  expect(others.map((point) => point.slice(0, 3))).toEqual(curves.map((point) => point.slice(0, 3)))
  others.forEach(([, , , value], index) => expect(Math.abs(value! - curves[index]![3]!)).toBeLessThanOrEqual(1e-5))
}, 240_000)

it('says what a run was computed from and with', async () => {
  const telling = new Telling()
  const job = await jobOf('environment', headConfig())
  job.config.head.epochs = 1
  await trainInProcess(job, telling)
  const { info } = await loadEmbedded('efficientnet-lite0')
  const { environment } = telling.of('environment')[0]!
  expect(environment.hashes).toEqual({
    dataset: 'data',
    split: expect.stringMatching(/^[0-9a-f]{64}$/),
    backbone: info.weightsHash
  })
  expect(environment).toMatchObject({ threads: 1, device: 'CPU' })
  expect(Object.keys(environment.versions)).toEqual(expect.arrayContaining(['node', 'onnxruntime', 'sharp', 'libvips']))
})
