/** The command line: what goes to standard output, what to standard error, and the exit code. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StudioError } from '@shared/errors'
import { runProgram } from '../../main/cli/program'
import type { Script } from '../fixtures/fake-worker-host'
import { openStudio, PNG, type StudioFixture } from '../fixtures/studio'
import { completingScript, readJob, sendBeginning, sendEnd, sendEpoch } from '../fixtures/train-script'

let fixture: StudioFixture

beforeEach(async () => void (fixture = await openStudio()))
afterEach(() => fixture.close())

interface Outcome {
  code: number
  stdout: string
  stderr: string
  json<T>(): T
}

/** Runs a command on the fixture's studio, which stays open for the next one. */
async function cli(...args: string[]): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  const code = await runProgram(args, {
    streams: { stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
    openStudio: async () => ({ ...fixture.studio, close: async () => undefined }),
    serve: async () => {
      throw new StudioError('usage/invalid', 'Port 1 cannot be used.')
    }
  })
  return { code, stdout, stderr, json: <T>() => JSON.parse(stdout) as T }
}

test('fit prints one document with all that a script may want to know', async () => {
  const { code, json, stderr } = await cli(
    'fit',
    fixture.pictures,
    '--json',
    '--epochs',
    '7',
    '--seed',
    '3',
    '--set',
    'head.learningRate=0.02',
    '--set',
    'head.dropout=0'
  )
  expect(code).toBe(0)
  const document = json<Record<string, unknown>>()
  expect(document).toMatchObject({
    status: 'completed',
    name: 'lite0-head-01',
    mode: 'head',
    engine: 'onnxruntime',
    device: 'CPU',
    seed: 3,
    images: 24,
    classes: 2,
    epochs: 3,
    test: { accuracy: 0.75, count: 4 },
    features: { cached: 0, computed: 24 }
  })
  const seconds = document['seconds'] as Record<string, number>
  expect(Object.keys(seconds)).toEqual(['import', 'features', 'train', 'total'])
  expect(seconds['total']).toBeGreaterThan(seconds['import']!)
  expect(Object.keys(document['test'] as object)).toEqual(expect.arrayContaining(['accuracy', 'loss', 'macroF1']))
  expect(stderr).toContain('Computing features')

  const run = await fixture.studio.runs.get(String(document['run']))
  expect(run.config).toMatchObject({ seed: 3, head: { epochs: 7, learningRate: 0.02, dropout: 0 } })
})

test('a dataset is named by id or name as well; options may stand before the verb', async () => {
  const imported = await cli('--json', 'import', fixture.pictures, '--name', 'Pets')
  expect(imported.json()).toMatchObject({ dataset: { name: 'Pets' }, report: { imported: 24 } })
  const fit = await cli('fit', 'Pets', '--name', 'mine', '--preset', 'naive', '--split-seed', '5')
  expect(fit.code).toBe(0)
  expect(fit.stdout).toMatch(/^mine \([0-9a-f]{12}\): completed after 3 epochs/)
  expect(fit.stdout).toContain('Test: 75.0 % of 4 images right')
  expect((await cli('datasets', '--json')).json()).toMatchObject({ datasets: [{ name: 'Pets', splitSeed: 5 }] })
  expect((await cli('datasets')).stdout).toMatch(/Pets +24 +2/)
  expect((await cli('runs')).stdout).toMatch(/mine +Pets +naive +completed +50\.0 % +75\.0 %/)
})

test('compare, predict, export, models and devices', async () => {
  await cli('fit', fixture.pictures)
  await cli('fit', fixture.pictures, '--preset', 'naive')
  const compared = await cli('compare', 'lite0-head-01', 'lite0-naive-head-01')
  expect(compared.code).toBe(0)
  expect(compared.stdout).toMatch(
    /^A tie: .*\(95 % 0\.0 to 0\.0, p = 1, 4 test images\); [\d,]+ more test images would be needed to see 1 point/
  )
  expect(compared.stdout).toMatch(/head\.learningRate +\S+ +0\.01/)
  const document = (await cli('compare', 'lite0-head-01', 'lite0-naive-head-01', '--json')).json<object>()
  expect(Object.keys(document)).toEqual(['runs', 'differences', 'tests', 'verdict'])
  expect(document).toMatchObject({
    runs: [{ name: 'lite0-head-01' }, { name: 'lite0-naive-head-01' }],
    tests: { mcnemar: { b: 0, c: 0, p: 1 }, bootstrap: { difference: 0, low: 0, high: 0, p: 1 } }
  })
  expect(Object.keys((document as { tests: object }).tests)).toEqual(['mcnemar', 'bootstrap'])
  await cli('fit', fixture.pictures, '--seed', '7')
  const three = await cli('compare', 'lite0-head-01', 'lite0-naive-head-01', 'lite0-head-02', '--json')
  expect(three.json()).toMatchObject({
    tests: { mcnemar: { b: 0, c: 0, p: 1 } },
    pairs: [
      { count: 4, corrected: 1 },
      { count: 4, corrected: 1 }
    ],
    groups: { groups: [{ name: 'lite0-head-01', seeds: [1, 7] }, { seeds: [1] }] }
  })

  const calibrated = (await cli('calibrate', 'lite0-head-01', '--json')).json()
  // All validation images of the scripted training are right.
  expect(calibrated).toMatchObject({ run: { name: 'lite0-head-01' }, temperature: 1, count: 4 })
  expect((await cli('calibrate', 'lite0-head-01')).stdout).toContain('4 validation images tell no temperature')
  expect((await cli('runs', '--json')).json()).toMatchObject({ runs: [{}, {}, { calibration: { temperature: 1 } }] })

  const picture = join(fixture.folder, 'one.png')
  writeFileSync(picture, PNG)
  expect((await cli('predict', 'lite0-head-01', picture)).stdout).toMatch(/cat +90\.0 %/)
  const csv = join(fixture.folder, 'all.csv')
  const heat = join(fixture.folder, 'heat')
  const drawn = await cli('predict', 'lite0-head-01', picture, '--heat', heat, '--method', 'occlusion', '--json')
  expect(drawn.json()).toMatchObject({ heatMaps: [{ file: 'a.png', label: 'cat', method: 'occlusion', note: null }] })
  expect(readFileSync(join(heat, 'a.png.heat.png'))).toEqual(PNG)
  const folder = await cli('predict', 'lite0-head-01', fixture.pictures, '--csv', csv, '--json')
  expect(folder.json<{ predictions: unknown[] }>().predictions).toHaveLength(2)
  expect(readFileSync(csv, 'utf8').split('\r\n').slice(0, 2)).toEqual([
    'file,label_1,probability_1,label_2,probability_2,label_3,probability_3,error',
    'a.png,cat,0.9,,,,,'
  ])
  expect((await cli('export', 'lite0-head-01', join(fixture.folder, 'out'))).stdout).toContain('model.json')
  expect((await cli('models')).stdout).toContain('efficientnet-lite0')
  expect((await cli('devices', '--measure', '--json')).json()).toMatchObject({
    frozen: 'onnxruntime',
    measurements: [{ imagesPerSecond: 100 }, { imagesPerSecond: 10 }]
  })
  expect((await cli('devices')).stdout).toContain('TensorFlow')
})

test('demo trains both recipes on the sample and compares them', async () => {
  const { code, json } = await cli('demo', '--json')
  expect(code).toBe(0)
  expect(json()).toMatchObject({
    dataset: { source: 'sample', imageCount: 997 },
    runs: [{ preset: 'naive' }, { preset: 'default' }],
    comparison: { sameTestSet: true }
  })
})

test.each([
  [['fit', '/no/such/folder'], 'dataset/folder-missing'],
  [['fit', 'nothing'], 'dataset/not-found'],
  [['import', '/no/such/folder'], 'dataset/folder-missing'],
  [['compare', 'a', 'b'], 'run/not-found'],
  [['predict', 'a', '/x.png'], 'run/not-found'],
  [['export', 'a', '/x'], 'run/not-found']
])('%j fails with its code on both outputs and exit code 1', async (args, expected) => {
  const { code, json, stderr } = await cli(...args, '--json')
  expect(code).toBe(1)
  const { error } = json<{ error: { code: string; message: string; details: object } }>()
  expect(error.code).toBe(expected)
  expect(Object.keys(error)).toEqual(expect.arrayContaining(['code', 'message', 'details']))
  expect(stderr).toContain(error.message)
  const plain = await cli(...args)
  expect(plain).toMatchObject({ code: 1, stdout: '' })
})

test.each([
  [[]],
  [['nonsense']],
  [['fit']],
  [['fit', '.', '--mode', 'sideways']],
  [['fit', '.', '--preset', 'x']],
  [['fit', '.', '--epochs', 'many']],
  [['fit', '.', '--seed', '-1']],
  [['fit', '.', '--set', 'head.learningRate']],
  [['fit', '.', '--nonsense']],
  [['compare', 'one']],
  [['predict', 'one']],
  [['import']],
  [['serve', '--port', 'x']],
  [['serve', '--port', '1']]
])('%j is bad usage: exit code 2, and nothing was begun', async (args) => {
  const { code, json, stderr } = await cli(...args, '--json')
  expect(code).toBe(2)
  expect(json()).toMatchObject({ error: { code: 'usage/invalid' } })
  expect(stderr.trim()).not.toBe('')
  expect(await fixture.studio.datasets.list()).toEqual([])
})

test('a wrong setting is bad usage, refused before the import, naming it', async () => {
  const unknown = await cli('fit', fixture.pictures, '--set', 'head.learningrate=1', '--json')
  expect(unknown).toMatchObject({ code: 2 })
  expect(unknown.json()).toMatchObject({ error: { code: 'config/unknown-key', details: { key: 'head.learningrate' } } })
  const invalid = await cli('fit', fixture.pictures, '--epochs', '0', '--json')
  expect(invalid.json()).toMatchObject({ error: { code: 'config/invalid' } })
  expect(invalid.code).toBe(2)
  expect(await fixture.studio.datasets.list()).toEqual([])
})

test('help is no failure', async () => {
  const { code, stdout } = await cli('fit', '--help')
  expect(code).toBe(0)
  expect(stdout).toContain('--split-seed')
})

const CHECKPOINT = { phase: 'head', step: 210, epoch: 7, epochs: 60, seconds: 5, savedAt: 1 }

/** Makes an epoch and waits; pauses and stops as it is asked to, and ends when it is resumed. */
const pausingScript: Script = (request, worker) => {
  if (request.type === 'start') {
    starts.set(worker, request)
    sendBeginning(worker)
    sendEpoch(worker, 1)
    if (readJob(request).checkpoints.resume) return void sendEnd(worker, readJob(request))
    setTimeout(() => process.emit('SIGINT'), 50)
  } else if (request.type === 'stop') void sendEnd(worker, readJob(starts.get(worker)!), 'stopped')
  else if (!stubborn) {
    const none = { predictionsFile: null, checkpointFile: null, features: { cached: 0, computed: 24 } }
    const best = { epoch: 1, validationLoss: 1, validationAccuracy: 0.5 }
    const seconds = { features: 1, train: 4 }
    worker.send({ type: 'finished', outcome: 'paused', checkpoint: CHECKPOINT, epochsDone: 6, best, seconds, ...none })
    worker.exit(0)
  } else process.emit('SIGINT')
}
const starts = new Map<unknown, { type: string } & Record<string, unknown>>()
let stubborn = false

test('the first Ctrl-C pauses a run and says how to go on; resume ends it as fit does', async () => {
  await fixture.close()
  fixture = await openStudio({ train: pausingScript })
  const { code, json, stderr } = await cli('fit', fixture.pictures, '--json')
  expect(code).toBe(3)
  const paused = json<{ run: string }>()
  expect(paused).toMatchObject({ status: 'paused', checkpoint: CHECKPOINT, epochs: 6, test: null })
  expect(stderr).toContain('Ctrl-C again to stop')
  expect((await cli('runs')).stdout).toMatch(/lite0-head-01 .* paused/)

  const resumed = await cli('resume', 'lite0-head-01', '--json')
  expect(resumed.code).toBe(0)
  expect(resumed.stderr).toContain('Going on from epoch 7 of 60, step 210.')
  expect(resumed.json()).toMatchObject({ run: paused.run, status: 'completed', test: { count: 4 }, checkpoint: null })
  const again = await cli('resume', paused.run, '--json')
  expect(again).toMatchObject({ code: 1 })
  expect(again.json()).toMatchObject({ error: { code: 'run/not-resumable' } })
  expect((await cli('pause', paused.run, '--json')).json()).toMatchObject({ error: { code: 'run/not-pausable' } })
})

test('without --json a paused run says how to go on', async () => {
  await fixture.close()
  fixture = await openStudio({ train: pausingScript })
  const { code, stdout } = await cli('fit', fixture.pictures)
  expect(code).toBe(3)
  expect(stdout).toMatch(/Resume it with: resume [0-9a-f]{12}\n$/)
})

test('the second Ctrl-C stops a run cleanly: its scores are printed, and the exit code is not 0', async () => {
  await fixture.close()
  stubborn = true
  fixture = await openStudio({ train: pausingScript })
  const { code, json, stderr } = await cli('fit', fixture.pictures, '--json')
  stubborn = false
  expect(code).toBe(1)
  expect(json()).toMatchObject({ status: 'stopped', test: { count: 4 } })
  expect(stderr).toContain('Ctrl-C again to give up')
})

test('a training that dies is a failure with its code', async () => {
  await fixture.close()
  fixture = await openStudio({
    train: (_, worker) => {
      sendBeginning(worker)
      worker.exit(null, 'SIGKILL')
    }
  })
  const { code, json } = await cli('fit', fixture.pictures, '--json')
  expect(code).toBe(1)
  expect(json()).toMatchObject({ error: { code: 'run/crashed' } })
})

test('fine-tuning prepares TensorFlow first, and a head does not wait for it', async () => {
  await fixture.close()
  const prepared: string[] = []
  const location = { directory: '/tensorflow', version: '2.21.0', flavour: 'cpu' as const }
  const loads = { loads: true as const, version: '1', device: 'CPU' }
  fixture = await openStudio(
    {
      train: completingScript,
      runtime: (request, worker) => {
        if (request.type === 'start') {
          prepared.push('TensorFlow')
          worker.send({ type: 'progress', phase: 'Fetching', progress: 0.5, etaSeconds: 1 })
          worker.send({ type: 'ready', location, gpu: false })
        }
        const there = prepared.length > 0
        if (request.type === 'probe') {
          const facts = {
            cpu: { model: 'a test', threads: 2, memoryBytes: 1 },
            gpu: null,
            probes: [],
            tensorflowVersion: '2.21.0',
            flavours: {
              cpu: { location: there ? location : null, bytes: 1, unsupported: null },
              gpu: { location: null, bytes: 1, unsupported: null }
            },
            tensorflow: there ? loads : null,
            onnxruntime: loads,
            wasm: loads
          }
          worker.send({ type: 'probed', facts })
        }
        worker.exit(0)
      }
    },
    'cli'
  )
  expect((await cli('fit', fixture.pictures, '--json')).code).toBe(0)
  expect(prepared).toEqual([])
  const tuned = await cli('fit', fixture.pictures, '--mode', 'finetune', '--epochs', '2', '--json')
  expect(tuned.json()).toMatchObject({ status: 'completed', mode: 'finetune' })
  expect(tuned.stderr).toContain('Prepare TensorFlow: Fetching')
  expect(prepared).toEqual(['TensorFlow'])
  const run = await fixture.studio.runs.resolve('lite0-finetune-01')
  expect(run.config.fineTune.epochs).toBe(2)
})

test('without --csv nothing is written, and a file that cannot be written is said', async () => {
  await cli('fit', fixture.pictures)
  const blocked = join(fixture.folder, 'blocked')
  mkdirSync(blocked)
  const { code, json } = await cli('predict', 'lite0-head-01', fixture.pictures, '--csv', blocked, '--json')
  expect(code).toBe(1)
  expect(json()).toMatchObject({ error: { code: 'export/failed' } })
  expect(existsSync(join(fixture.folder, 'all.csv'))).toBe(false)
})

test('fit takes a preset in the mode that it was written for, and says why its settings are what they are', async () => {
  const { code, json } = await cli('fit', fixture.pictures, '--preset', 'keras-tutorial', '--json')
  expect(code).toBe(0)
  expect(json()).toMatchObject({ preset: 'keras-tutorial', mode: 'finetune' })
  const head = await cli('fit', fixture.pictures, '--preset', 'bit', '--mode', 'head', '--json')
  expect(head.json()).toMatchObject({
    mode: 'head',
    reasons: [{ key: 'head.epochs', value: 500, reason: expect.stringContaining('500 steps') }]
  })
  const changed = await cli('fit', fixture.pictures, '--preset', 'bit', '--mode', 'head', '--epochs', '3', '--json')
  expect(changed.json()).toMatchObject({ reasons: [] })
})

test('a setting of one method on the command line means that method', async () => {
  const configOf = async (...args: string[]) => {
    const { json } = await cli('fit', fixture.pictures, '--json', ...args)
    return (await fixture.studio.runs.get(json<{ run: string }>().run)).config.head
  }
  expect(await configOf()).toMatchObject({ method: 'gradient' })
  expect(await configOf('--epochs', '7')).toMatchObject({ method: 'gradient', epochs: 7 })
  expect(await configOf('--set', 'head.learningRate=0.02', '--preset', 'fast-head')).toMatchObject({
    method: 'gradient',
    learningRate: 0.02
  })
  expect(await configOf('--preset', 'fast-head')).toMatchObject({ method: 'lbfgs' })
  expect(await configOf('--set', 'head.penalty=3')).toMatchObject({ method: 'lbfgs', penalty: 3 })
})

test('an unknown preset is refused with those that there are', async () => {
  const { code, stdout } = await cli('fit', fixture.pictures, '--preset', 'magic', '--json')
  expect(code).toBe(2)
  expect(stdout).toMatch(/usage\/invalid/)
  for (const id of ['default', 'fast-head', 'fastai', 'bit', 'keras-tutorial', 'naive']) expect(stdout).toContain(id)
})
