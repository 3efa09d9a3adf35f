import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeSafetensors } from '@shared/formats/safetensors'
import { presetConfig } from '@shared/domain/presets'
import { SPLITS } from '@shared/domain/dataset'
import { trainMessageSchema, type LabelledImage, type TrainJob, type TrainMessage } from '@shared/worker-protocol/train'
import { applyCheckpoint, readCheckpoint } from '../../../main/engine/inference/checkpoint'
import { trainedGraph } from '../../../main/engine/inference/trained-network'
import { loadEmbedded } from '../../fixtures/embedded-backbone'
import { drawPatterns, PATTERNS } from '../../fixtures/patterns'
import { runTraining, type FinishedMessage } from '../../../main/engine/training/run-training'

const BACKBONES = join(import.meta.dirname, '../../../resources/backbones')
const CLASSES = PATTERNS

let home: string
let images: LabelledImage[]

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'whetstone run '))
  images = await drawPatterns(join(home, 'data'))
})

afterAll(() => rm(home, { recursive: true, force: true }))

async function jobOf(name: string, changes: Partial<TrainJob> = {}): Promise<TrainJob> {
  const { info } = await loadEmbedded()
  const config = presetConfig('default', 'head')
  config.head.batchSize = 6
  config.head.method = 'gradient'
  return {
    runId: name,
    directory: join(home, 'runs', name),
    backbonesDirectories: [BACKBONES],
    featureCacheDirectory: join(home, 'cache'),
    decodedDirectory: join(home, 'pixels'),
    datasetRoot: join(home, 'data'),
    classes: CLASSES,
    images,
    config,
    contract: info.contract,
    runtime: null,
    fallback: 'TensorFlow is being prepared',
    threads: 2,
    datasetHash: 'data',
    checkpoints: { directory: join(home, 'runs', name, 'checkpoints'), resume: false, everySeconds: 10 },
    ...changes
  }
}

async function train(
  job: TrainJob,
  onMessage: (message: TrainMessage) => void = () => undefined,
  signal = new AbortController().signal
): Promise<{ finished: FinishedMessage; messages: TrainMessage[] }> {
  const messages: TrainMessage[] = []
  const report = (message: TrainMessage): void => {
    // What crosses the port must fit the protocol.
    messages.push(trainMessageSchema.parse(message))
    onMessage(message)
  }
  const finished = await runTraining(job, report, signal)
  trainMessageSchema.parse(finished)
  return { finished, messages }
}

const predictionsOf = async (finished: FinishedMessage) =>
  decodeSafetensors(await readFile(finished.predictionsFile!)).tensors

describe('runTraining', () => {
  let first: Awaited<ReturnType<typeof train>>

  beforeAll(async () => {
    first = await train(await jobOf('first'))
  })

  it('trains a head from image files, without TensorFlow', async () => {
    const { finished, messages } = first
    expect(finished.outcome).toBe('completed')
    expect(finished.features).toEqual({ cached: 0, computed: 30 })
    expect(messages.find((message) => message.type === 'environment')).toMatchObject({
      environment: { trainingExecutor: 'onnxruntime', device: 'CPU', fallback: 'TensorFlow is being prepared' }
    })
    const points = messages.flatMap((message) => (message.type === 'points' ? message.points : []))
    const steps = points.filter(({ series }) => series === 'train_loss').map(({ step }) => step)
    expect(steps).toEqual(Array.from({ length: 3 * finished.epochsDone }, (_, index) => index + 1))
    for (const series of ['validation_loss', 'validation_accuracy', 'train_accuracy'] as const) {
      const epochs = points.filter((point) => point.series === series).map(({ epoch }) => epoch)
      expect(epochs).toEqual(Array.from({ length: finished.epochsDone }, (_, index) => index + 1))
    }
    const losses = points.filter(({ series }) => series === 'validation_loss').map(({ value }) => value!)
    expect(finished.best!.validationLoss).toBe(Math.min(...losses))
    expect(losses[finished.best!.epoch - 1]).toBe(finished.best!.validationLoss)
    const phases = messages.flatMap((message) => (message.type === 'progress' ? [message.progress.phase] : []))
    expect([...new Set(phases)]).toEqual(['load', 'features', 'head', 'evaluate'])
  })

  it('writes predictions of validation and test, one row an image', async () => {
    const tensors = await predictionsOf(first.finished)
    const held = images.filter(({ split }) => split !== 'train')
    const ids = [...tensors.get('imageId')!.data]
    expect([...ids].sort((a, b) => a - b)).toEqual(held.map(({ id }) => id))
    ids.forEach((id, row) => {
      const image = images.find((candidate) => candidate.id === id)!
      expect(tensors.get('truth')!.data[row]).toBe(image.classIndex)
      expect(SPLITS[tensors.get('split')!.data[row]!]).toBe(image.split)
      const probabilities = [...tensors.get('probabilities')!.data.subarray(row * 3, row * 3 + 3)]
      expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
      // Patterns as plain as these are told apart.
      expect(probabilities[image.classIndex]).toBe(Math.max(...probabilities))
    })
  })

  it('writes a checkpoint that fits the backbone and names what it is', async () => {
    const file = first.finished.checkpointFile!
    const { metadata } = decodeSafetensors(await readFile(file))
    expect(metadata).toMatchObject({ format: 'whetstone-checkpoint', backbone: 'efficientnet-lite0', run: 'first' })
    expect(JSON.parse(metadata['classes']!)).toEqual(CLASSES)
    expect(JSON.parse(metadata['epoch']!)).toEqual(first.finished.best)
    const { features } = await loadEmbedded()
    const graph = applyCheckpoint(features, await readCheckpoint(file))
    expect(graph.nodes.at(-1)).toMatchObject({ op: 'dense' })
    expect(await readdir(join(home, 'runs', 'first'))).toEqual(['checkpoint.safetensors', 'predictions.safetensors'])
  })

  it('computes nothing twice: the same seed gives the same run bit for bit out of the cache', async () => {
    const second = await train(await jobOf('second'))
    expect(second.finished.features).toEqual({ cached: 30, computed: 0 })
    expect(await predictionsOf(second.finished)).toEqual(await predictionsOf(first.finished))
    expect(await readCheckpoint(second.finished.checkpointFile!)).toEqual(
      await readCheckpoint(first.finished.checkpointFile!)
    )
  })

  it('puts a head on the class scores of the backbone, and keeps a head on its features', async () => {
    const config = presetConfig('naive', 'head')
    config.contract = null
    const { finished } = await train(await jobOf('on scores', { config }))
    // The features do not depend on what the head reads.
    expect(finished.features).toEqual({ cached: 30, computed: 0 })
    const checkpoint = await readCheckpoint(finished.checkpointFile!)
    expect(checkpoint.get('head.kernel')!.shape).toEqual([1280, 3])
    // The loss was measured before the fold, the predictions come after it.
    const { metadata } = decodeSafetensors(await readFile(finished.checkpointFile!))
    const kept = JSON.parse(metadata['epoch']!) as { epoch: number; validationLoss: number }
    expect(kept.epoch).toBe(10)
    const tensors = await predictionsOf(finished)
    const [truth, splits] = [tensors.get('truth')!.data, tensors.get('split')!.data]
    const losses = [...truth.keys()]
      .filter((row) => SPLITS[splits[row]!] === 'validation')
      .map((row) => -Math.log(Number(tensors.get('probabilities')!.data[row * 3 + Number(truth[row])])))
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length
    expect(mean).toBeCloseTo(kept.validationLoss, 4)
  })

  it('leaves out an image that is gone or broken, and says so', async () => {
    const gone = images.map((image) =>
      image.id === 1 ? { ...image, path: 'checks/gone.png', hash: 'gone' } : { ...image }
    )
    await writeFile(join(home, 'data', 'stripes', 'broken.png'), 'no picture')
    const test = gone.find(({ classIndex, split }) => classIndex === 2 && split === 'test')!
    Object.assign(test, { path: 'stripes/broken.png', hash: 'broken' })
    const { finished, messages } = await train(await jobOf('gone', { images: gone }))
    expect(finished.outcome).toBe('completed')
    const findings = messages.flatMap((message) => (message.type === 'finding' ? [message.finding] : []))
    expect(findings).toEqual([
      expect.objectContaining({
        code: 'run/unreadable-images',
        count: 2,
        evidence: expect.stringContaining('checks/gone.png')
      })
    ])
    const tensors = await predictionsOf(finished)
    expect([...tensors.get('imageId')!.data]).not.toContain(test.id)
    expect(tensors.get('imageId')!.data).toHaveLength(11)
  })

  it('refuses to train when a class or a split is left without images', async () => {
    const without = (isGone: (image: LabelledImage) => boolean): LabelledImage[] =>
      images.map((image) => (isGone(image) ? { ...image, path: `no/${image.id}.png`, hash: `no${image.id}` } : image))
    const noClass = await jobOf('no-class', {
      images: without(({ classIndex, split }) => classIndex === 1 && split === 'train')
    })
    await expect(train(noClass)).rejects.toMatchObject({
      code: 'dataset/empty-class',
      message: expect.stringContaining("'dots'")
    })
    const noTest = await jobOf('no-test', { images: without(({ split }) => split === 'test') })
    await expect(train(noTest)).rejects.toMatchObject({ code: 'dataset/empty-split', details: { split: 'test' } })
  })

  it('takes pictures of another size than the backbone was made for', async () => {
    const job = await jobOf('smaller')
    const { finished } = await train({ ...job, contract: { ...job.contract, size: 96 } })
    expect(finished).toMatchObject({ outcome: 'completed', features: { cached: 0, computed: 30 } })
    const graph = await trainedGraph(
      {
        runId: job.runId,
        runName: job.runId,
        backboneId: job.config.backboneId,
        classes: CLASSES,
        contract: { ...job.contract, size: 96 },
        checkpointFile: finished.checkpointFile!,
        temperature: 1
      },
      [BACKBONES]
    )
    expect(graph.nodes[0]).toMatchObject({ op: 'input', height: 96, width: 96 })
  })

  it('goes on without checkpoints where they cannot be written, and says so', async () => {
    const job = await jobOf('full')
    await mkdir(job.directory, { recursive: true })
    await writeFile(join(job.directory, 'full'), 'no folder')
    job.checkpoints = { directory: join(job.directory, 'full', 'checkpoints'), resume: false, everySeconds: 0 }
    const { finished, messages } = await train(job)
    expect(finished).toMatchObject({ outcome: 'completed', best: first.finished.best })
    const findings = messages.flatMap((message) => (message.type === 'finding' ? [message.finding] : []))
    expect(findings).toEqual([expect.objectContaining({ code: 'run/checkpoint-unwritten', severity: 'warning' })])
  })

  it('keeps the best so far when it is stopped while it trains', async () => {
    const controller = new AbortController()
    const job = await jobOf('stopped')
    job.config.head.epochs = 5000
    job.config.earlyStopping.enabled = false
    const { finished } = await train(
      job,
      (message) => {
        if (message.type === 'epoch' && message.epochsDone > 3) controller.abort()
      },
      controller.signal
    )
    expect(finished.outcome).toBe('stopped')
    expect(finished.epochsDone).toBeLessThan(5000)
    expect(await predictionsOf(finished)).toHaveProperty('size', 4)
    expect(finished.checkpointFile).not.toBeNull()
  })

  it('leaves no files when it is stopped before it trains', async () => {
    const job = await jobOf('early', { featureCacheDirectory: join(home, 'empty-cache') })
    const controller = new AbortController()
    const { finished } = await train(
      job,
      (message) => {
        if (message.type === 'environment') controller.abort()
      },
      controller.signal
    )
    expect(finished).toMatchObject({ outcome: 'stopped', best: null, checkpointFile: null, predictionsFile: null })
    expect(await readdir(job.directory)).toEqual([])
  })

  it('says so when the model never gets better than guessing', async () => {
    // Labels of validation that contradict those of training: nothing can be learned for them.
    const contrary = images.map((image) =>
      image.split === 'validation' ? { ...image, classIndex: (image.classIndex + 1) % 3 } : image
    )
    const { messages } = await train(await jobOf('contrary', { images: contrary }))
    const findings = messages.flatMap((message) => (message.type === 'finding' ? [message.finding] : []))
    expect(findings).toEqual([expect.objectContaining({ code: 'run/not-learning', severity: 'severe' })])
    const mistakes = messages.flatMap((message) => (message.type === 'mistakes' ? [message.mistakes] : []))
    expect(mistakes[0]!.length).toBeGreaterThan(0)
    for (const { imageId, truth, predicted, confidence } of mistakes.flat()) {
      expect(CLASSES.indexOf(truth)).toBe(contrary.find(({ id }) => id === imageId)!.classIndex)
      expect(predicted).not.toBe(truth)
      expect(confidence).toBeGreaterThan(1 / 3)
    }
  })

  it('refuses to fine-tune without TensorFlow', async () => {
    const job = await jobOf('no-tensorflow')
    job.config.mode = 'finetune'
    await expect(train(job)).rejects.toMatchObject({ code: 'runtime/not-ready' })
  })
})
