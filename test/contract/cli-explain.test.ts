/** The verb explain: what it prints, how far it says it is, what Ctrl-C leaves. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseBudget } from '../../main/cli/commands/explain'
import { runProgram } from '../../main/cli/program'
import type { Script } from '../fixtures/fake-worker-host'
import { openStudio, type StudioFixture } from '../fixtures/studio'
import { completingScript, readJob } from '../fixtures/train-script'

let fixture: StudioFixture
beforeEach(async () => void (fixture = await openStudio()))
afterEach(() => fixture.close())

async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  const code = await runProgram(args, {
    streams: { stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
    openStudio: async () => ({ ...fixture.studio, close: async () => undefined }),
    serve: () => Promise.resolve()
  })
  return { code, stdout, stderr }
}

async function twoRuns(): Promise<void> {
  await cli('fit', fixture.pictures, '--name', 'one')
  await cli('fit', fixture.pictures, '--name', 'two', '--set', 'head.learningRate=0.5', '--set', 'head.epochs=9')
}

test('prints one document: the gap, its factors with causes and intervals, the interaction, every experiment, a verdict', async () => {
  await twoRuns()
  const { code, stdout, stderr } = await cli('explain', 'one', 'two', '--budget', '2m', '--seeds', '2', '--json')
  expect(code).toBe(0)
  const document = JSON.parse(stdout)
  expect(document).toMatchObject({
    state: 'completed',
    method: 'shapley',
    seeds: [1, 2],
    budgetSeconds: 120,
    gap: { accuracy: 0, seconds: 0 },
    a: { name: 'one' },
    b: { name: 'two' },
    interaction: { accuracy: { value: 0, low: 0, high: 0 }, seconds: 0 }
  })
  expect(document.factors).toMatchObject([
    { factor: 'optimizer', cause: 'training', from: 'rate 0.001', to: 'rate 0.5', accuracy: { value: 0 }, seconds: 0 },
    { factor: 'course', cause: 'training', from: 'epochs 60', to: 'epochs 9' }
  ])
  expect(document.experiments).toHaveLength(8)
  expect(document.verdict).toMatch(/may be chance \(\d+ test images, 2 seeds/)
  expect(stderr).toMatch(/2 factors: Optimiser and rate, Epochs and stopping/)
  expect(stderr).toMatch(/Explain one against two: Experiment 8 of 8/)
})

test('for people a table of bars; without runs, what was explained so far', async () => {
  await twoRuns()
  const { stdout } = await cli('explain', 'one', 'two', '--seeds', '1')
  expect(stdout).toMatch(/Optimiser and rate\s+training\s+\+0\.0/)
  expect(stdout).toMatch(/4 experiments in/)
  const { stdout: list } = await cli('explain')
  expect(list).toMatch(/one → two/)
  const { stdout: best } = await cli('explain', 'two', '--json', '--seeds', '1')
  expect(JSON.parse(best)).toMatchObject({ b: { run: 'best-practice', name: 'best practice' } })
})

test('Ctrl-C ends with the answer so far, and that is no failure', async () => {
  await fixture.close()
  let experiments = 0
  const stalling: Script = (request, worker) => {
    if (request.type === 'stop') return worker.exit(null, 'SIGTERM')
    if (readJob(request).runId !== 'experiment' || ++experiments <= 3) return completingScript(request, worker)
    process.emit('SIGINT')
  }
  fixture = await openStudio({ train: stalling })
  await twoRuns()
  const { code, stdout, stderr } = await cli('explain', 'one', 'two', '--seeds', '1', '--json')
  expect(code).toBe(0)
  expect(stderr).toMatch(/Ending with the answer so far/)
  const document = JSON.parse(stdout)
  expect(document).toMatchObject({ state: 'stopped', gap: { accuracy: 0 } })
  expect(document.experiments).toHaveLength(3)
})

test('a budget is a time with a unit, and what is none is refused', async () => {
  expect(['90', '90s', '1.5m', '10min', '2h'].map(parseBudget)).toEqual([90, 90, 90, 600, 7200])
  await twoRuns()
  for (const budget of ['soon', '3s', '9d', '-5m']) {
    const { code, stdout } = await cli('explain', 'one', 'two', `--budget=${budget}`, '--json')
    expect(code).toBe(2)
    expect(JSON.parse(stdout).error.code).toBe('usage/invalid')
  }
  expect((await cli('explain', 'one', 'one', '--json')).stdout).toMatch(/explain\/same-run/)
  expect((await cli('explain', 'one', 'two', 'one')).code).toBe(2)
})
