/** The report on a run and the flips of two, as a door asks for them, over runs whose predictions were written by a script. */
import { createRouterClient, type RouterClient } from '@orpc/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Split } from '@shared/domain/dataset'
import { presetConfig } from '@shared/domain/presets'
import { createRandom } from '@shared/random'
import type { TrainJob } from '@shared/worker-protocol/train'
import { router } from '../../main/router'
import type { FakeProcess } from '../fixtures/fake-worker-host'
import { writePredictions } from '../fixtures/store'
import { openStudio, type StudioFixture } from '../fixtures/studio'
import { readJob, sendBeginning } from '../fixtures/train-script'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'

let fixture: StudioFixture
let api: RouterClient<typeof router>
let a: string
let b: string
/** What the script gave the true class of each test image, by run and image. */
const given = new Map<string, Map<number, { truth: number; probabilities: number[] }>>()

/** Probabilities that a real head might give: mostly right, sometimes surely wrong; another draw for each run. */
async function evaluateAll(worker: FakeProcess, job: TrainJob): Promise<void> {
  const random = createRandom(given.size + 1)
  const mine = new Map<number, { truth: number; probabilities: number[] }>()
  const rows: { imageId: number; split: Split; truth: number; probabilities: number[] }[] = []
  for (const image of job.images.filter(({ split }) => split !== 'train')) {
    const share = Math.fround(random.float() ** 0.5)
    const probabilities = image.classIndex === 0 ? [share, Math.fround(1 - share)] : [Math.fround(1 - share), share]
    rows.push({ imageId: image.id, split: image.split, truth: image.classIndex, probabilities })
    if (image.split === 'test') mine.set(image.id, { truth: image.classIndex, probabilities })
  }
  given.set(job.runId, mine)
  const predictionsFile = join(job.directory, 'predictions.safetensors')
  await writePredictions(predictionsFile, rows)
  const checkpointFile = join(job.directory, 'checkpoint.safetensors')
  writeFileSync(checkpointFile, '')
  worker.send({
    type: 'finished',
    outcome: 'completed',
    checkpoint: null,
    epochsDone: 1,
    best: { epoch: 1, validationLoss: 1, validationAccuracy: 0.5 },
    seconds: { features: 1, train: 1 },
    features: { cached: 0, computed: job.images.length },
    predictionsFile,
    checkpointFile
  })
  worker.exit(0)
}

beforeAll(async () => {
  fixture = await openStudio({
    train: (request, worker) => {
      if (request['type'] !== 'start') return
      sendBeginning(worker)
      void evaluateAll(worker, readJob(request))
    }
  })
  api = createRouterClient(router, { context: { studio: fixture.studio } })
  const { dataset, job } = await api.datasets.import({ path: fixture.pictures })
  await fixture.studio.jobs.settled(job.id)
  const train = async (name: string): Promise<string> => {
    const run = await api.runs.start({ datasetId: dataset.id, name, config: presetConfig('default', 'head') })
    expect((await fixture.studio.runs.settled(run.id)).state).toBe('completed')
    return run.id
  }
  a = await train('first')
  b = await train('second')
})
afterAll(() => fixture.close())

const right = ({ truth, probabilities }: { truth: number; probabilities: number[] }): boolean =>
  probabilities[truth]! > 0.5

test('a report agrees with its own parts', async () => {
  const report = (await api.runs.report({ runId: a }))!
  const mine = [...given.get(a)!.values()]
  const accuracy = mine.filter(right).length / mine.length
  expect(report).toMatchObject({ slice: {}, splitCount: mine.length, splitAccuracy: accuracy, complete: true })
  expect(report.topK).toEqual([accuracy, 1])
  expect(report.coverage[0]).toMatchObject({ coverage: 1, accuracy })
  expect(report.coverage.at(-1)!.threshold).toBe(Math.max(...mine.flatMap(({ probabilities }) => probabilities)))
  const { before, after, temperature } = report.calibration
  expect([after, temperature]).toEqual([null, null])
  expect(before.bins.reduce((sum, { count }) => sum + count, 0)).toBe(mine.length)
  expect(before.loss).toBeCloseTo(report.evaluation.loss, 12)

  // Area under the ROC curve: how often a cat scores above a dog, as a cat (Hanley & McNeil 1982).
  const cats = mine.filter(({ truth }) => truth === 0).map(({ probabilities }) => probabilities[0]!)
  const dogs = mine.filter(({ truth }) => truth === 1).map(({ probabilities }) => probabilities[0]!)
  const wins = cats.flatMap((cat) => dogs.map((dog) => (cat > dog ? 1 : cat === dog ? 0.5 : 0)))
  const area = wins.reduce<number>((sum, win) => sum + win, 0) / wins.length
  const { roc, precisionRecall } = report.curves.classes[0]!
  expect(roc.area).toBeCloseTo(area, 12)
  expect([roc.points[0], roc.points.at(-1)]).toEqual([
    [0, 0],
    [1, 1]
  ])
  expect(precisionRecall.points.map(([x]) => x)).toEqual(precisionRecall.points.map(([x]) => x).sort((x, y) => x - y))
  expect(report.curves.macro.roc.area).toBeCloseTo((area + report.curves.classes[1]!.roc.area!) / 2, 12)
  expect(await api.runs.classCurves({ runId: a, label: 'cat' })).toEqual(report.curves.classes[0])
})

test('a slice is a report over its images alone; an empty one is none', async () => {
  const report = (await api.runs.report({ runId: a, slice: { label: 'dog' } }))!
  const dogs = [...given.get(a)!.values()].filter(({ truth }) => truth === 1)
  expect(report.evaluation).toMatchObject({ count: dogs.length, accuracy: dogs.filter(right).length / dogs.length })
  // There is no cat among them to find.
  expect(report.curves.classes[0]!.precisionRecall).toEqual({ area: null, points: [] })
  // The twelve pictures of a class differ in content and are one pixel large: nothing sets some of them apart.
  expect(report.traits).toEqual([])
  expect(await api.runs.report({ runId: a, slice: { trait: 'wide' } })).toBeNull()
  expect((await api.runs.report({ runId: a, split: 'validation' }))!.evaluation.split).toBe('validation')
  await expect(api.runs.report({ runId: a, slice: { label: 'unicorn' } })).rejects.toMatchObject({
    data: { code: 'request/invalid' }
  })
  await expect(api.runs.report({ runId: 'none' })).rejects.toMatchObject({ data: { code: 'run/not-found' } })
})

test('flips are the pictures on which the two disagree, the surest wrong answer first', async () => {
  const pairs = [...given.get(a)!].map(([imageId, ofA]) => ({ imageId, ofA, ofB: given.get(b)!.get(imageId)! }))
  const only = (mine: 'ofA' | 'ofB', other: 'ofA' | 'ofB'): number[] =>
    pairs
      .filter((pair) => right(pair[mine]) && !right(pair[other]))
      .sort((x, y) => x[other].probabilities[x[other].truth]! - y[other].probabilities[y[other].truth]!)
      .map(({ imageId }) => imageId)
  const flips = await api.compare.flips({ a, b, kind: 'only-a' })
  const swapped = await api.compare.flips({ a: b, b: a, kind: 'only-b' })
  expect(flips.flips.map((flip) => flip.a.image.id)).toEqual(only('ofA', 'ofB'))
  expect(swapped.flips.map((flip) => flip.b.image.id)).toEqual(only('ofA', 'ofB'))
  expect(flips.counts).toEqual({
    'only-a': only('ofA', 'ofB').length,
    'only-b': only('ofB', 'ofA').length,
    'both-wrong': 0
  })
  expect(flips.common).toBe(pairs.length)
  expect(flips.bothRight).toBe(pairs.filter(({ ofA, ofB }) => right(ofA) && right(ofB)).length)
  // Two classes leave only one way to be wrong.
  expect(flips.bothWrongAlike).toBe(pairs.filter(({ ofA, ofB }) => !right(ofA) && !right(ofB)).length)
  for (const flip of flips.flips) expect([flip.a.correct, flip.b.correct]).toEqual([true, false])
  const ofCats = await api.compare.flips({ a, b, kind: 'only-a', label: 'cat' })
  expect(ofCats.total).toBe(flips.classes.find(({ label }) => label === 'cat')?.counts['only-a'] ?? 0)
  const page = await api.compare.flips({ a, b, kind: 'only-a', offset: 1, limit: 1 })
  expect(page.flips).toEqual(flips.flips.slice(1, 2))
  await expect(api.compare.flips({ a, b: 'none', kind: 'only-a' })).rejects.toMatchObject({
    data: { code: 'run/not-found' }
  })
})

test('a comparison as one page, with nothing in it that is fetched', async () => {
  const page = await api.compare.report({ runIds: [a, b] })
  const [first, second] = await Promise.all([api.runs.get({ runId: a }), api.runs.get({ runId: b })])
  const { verdict } = await api.compare.runs({ runIds: [a, b] })
  for (const text of [first.name, second.name, verdict]) expect(page).toContain(text)
  expect(page).toContain("default-src 'none'".replaceAll("'", '&#39;'))
  expect(page.match(/(?:src|href|url)\s*[=(]\s*"?(?!data:)[^"\s>]+/g)).toBeNull()
  expect(page).toContain('data:image/webp;base64,')
  expect(page).toContain('taken for')
})
