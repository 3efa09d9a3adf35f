/** Door 3 as a script uses it: the built program, on runs that it trains itself. */
import { execFile } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '@shared/domain/run'
import type { Calibration } from '@shared/domain/run-annotations'
import { applyTemperature } from '@shared/statistics/temperature'
import { ROOT, temporaryFolder } from './support/folders'

const OUT = process.env['WHETSTONE_OUT'] ?? join(ROOT, 'out')
const CLASSES = ['clocks', 'clothing', 'dishes', 'fruit_veg']

interface Comparison {
  runs: Run[]
  differences: { key: string }[]
  tests: { mcnemar: Record<'b' | 'c' | 'p', number>; bootstrap: Record<'difference' | 'low' | 'high' | 'p', number> }
  verdict: string
}

describe('comparing and calibrating on the command line', () => {
  const folder = temporaryFolder('command-line')
  const [home, pictures] = [join(folder.path, 'home'), join(folder.path, 'pictures')]
  const whetstone = async (...args: string[]): Promise<string> => {
    const command = [join(OUT, 'main/cli.cjs'), ...args, '--home', home]
    const env = { ...process.env, WHETSTONE_RESOURCES: join(ROOT, 'resources') }
    return (await promisify(execFile)(process.execPath, command, { env, maxBuffer: 2 ** 26 })).stdout
  }
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await whetstone(...args, '--json')) as T

  beforeAll(async () => {
    for (const name of CLASSES) cpSync(join(ROOT, 'resources/sample', name), join(pictures, name), { recursive: true })
    await whetstone('fit', pictures, '--name', 'good one')
    await whetstone('fit', pictures, '--name', 'good two', '--seed', '2')
    await whetstone('fit', pictures, '--name', 'naive one', '--preset', 'naive')
    await whetstone('fit', pictures, '--name', 'naive two', '--preset', 'naive', '--seed', '2')
  })
  afterAll(folder.remove)

  it('compares two runs: the tests in one document, and a sentence with an interval', async () => {
    const document = await json<Comparison>('compare', 'naive one', 'good one')
    expect(Object.keys(document)).toEqual(['runs', 'differences', 'tests', 'verdict'])
    const { runs, differences, tests, verdict } = document
    const [first, second] = runs.map(({ test }) => test!)
    const { mcnemar, bootstrap } = tests
    // The images that only one got right are what makes the accuracies differ.
    expect((mcnemar.c - mcnemar.b) / first!.count).toBeCloseTo(second!.accuracy - first!.accuracy, 10)
    expect(bootstrap.difference).toBeCloseTo(second!.accuracy - first!.accuracy, 10)
    expect(bootstrap.low).toBeLessThanOrEqual(bootstrap.difference)
    expect(bootstrap.high).toBeGreaterThanOrEqual(bootstrap.difference)
    expect(mcnemar.p).toBeGreaterThan(0)
    expect(differences.map(({ key }) => key)).toEqual(expect.arrayContaining(['preset', 'contract.mean']))
    expect(verdict).toMatch(/(is better than|A tie).*\(95 % \S+ to \S+, p \S \S+, \d+ test images\).*One seed each/)
  })

  it('takes runs that differ in their seed alone as groups', async () => {
    const verdict = await whetstone('compare', 'naive one', 'naive two', 'good one', 'good two')
    expect(verdict).toMatch(/^(Over 2 seeds|A tie: over 2 seeds), .*good one/)
    expect(verdict).toMatch(/naive one +1, 2 +\d+\.\d %/)
    expect(await whetstone('compare', 'good one', 'good two')).toMatch(/^The same settings over 2 seeds: \d/)
  })

  it('calibrates a run; its predictions and its export use the temperature', async () => {
    const picture = join(pictures, 'clocks', '1f550.png')
    const probabilities = async (): Promise<Map<string, number>> => {
      const { predictions } = await json<{ predictions: { top: { label: string; probability: number }[] }[] }>(
        ...['predict', 'naive one', picture]
      )
      return new Map(predictions[0]!.top.map(({ label, probability }) => [label, probability]))
    }
    const before = await probabilities()
    const { temperature, count, ...scores } = await json<Calibration>('calibrate', 'naive one')
    expect(count).toBeGreaterThan(20)
    // Trained to certainty on some two hundred pictures: it is too sure.
    expect(temperature).toBeGreaterThan(1)
    expect(scores.nllAfter).toBeLessThan(scores.nllBefore)
    const after = await probabilities()
    const scaled = applyTemperature([...before.values()], CLASSES.length, temperature)
    ;[...before.keys()].forEach((label, place) => expect(after.get(label)).toBeCloseTo(scaled[place]!, 4))

    const directory = join(folder.path, 'export')
    await whetstone('export', 'naive one', directory)
    const model = JSON.parse(readFileSync(join(directory, 'model.json'), 'utf8')) as {
      userDefinedMetadata: { temperature: number }
    }
    expect(model.userDefinedMetadata.temperature).toBe(temperature)
  })
})
