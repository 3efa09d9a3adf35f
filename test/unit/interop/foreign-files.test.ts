import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRandom } from '@shared/random'
import type { ForeignReading } from '../../../main/services/interop/foreign-run'
import { readMlflow } from '../../../main/services/interop/mlflow/read'
import { outgoingRun } from '../../../main/services/interop/outgoing-run'
import { readTensorBoard } from '../../../main/services/interop/tensorboard/read'
import { writeTensorBoard } from '../../../main/services/interop/tensorboard/write'
import { makeRun } from '../../fixtures/run'

const STEPS = 30

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'interop-'))))
afterEach(() => rm(folder, { recursive: true }))

const points = Array.from({ length: STEPS }, (_, step) => ({
  series: 'train_loss',
  step,
  epoch: step / 10,
  timeMs: step * 10,
  value: 1 / (step + 1)
}))

async function all(readings: AsyncGenerator<ForeignReading>): Promise<ForeignReading[]> {
  const list: ForeignReading[] = []
  for await (const reading of readings) list.push(reading)
  return list
}

async function eventFile(): Promise<string> {
  const directory = join(folder, 'run')
  await writeTensorBoard(directory, outgoingRun(makeRun(), points))
  return join(directory, (await readdir(directory))[0]!)
}

describe('event files', () => {
  it('keeps what comes before the record in the middle of which a file ends, and says so', async () => {
    const file = await eventFile()
    const whole = await readFile(file)
    await writeFile(file, whole.subarray(0, whole.length / 2))
    const [reading] = await all(readTensorBoard(folder))
    expect(reading!.run.points.length).toBeGreaterThan(5)
    expect(reading!.run.points.length).toBeLessThan(STEPS)
    expect(reading!.notes).toEqual([expect.stringContaining('ends in the middle of a record')])
  })

  it('keeps what comes before a damaged byte, wherever it is, and never fails', async () => {
    const file = await eventFile()
    const whole = await readFile(file)
    const random = createRandom(5)
    for (let round = 0; round < 60; round++) {
      const place = Math.floor(random.float() * whole.length)
      const damaged = Buffer.from(whole)
      damaged[place] = damaged[place]! ^ (1 + Math.floor(random.float() * 255))
      await writeFile(file, damaged)
      const [reading] = await all(readTensorBoard(folder))
      expect(reading!.notes.join()).toContain('damaged at byte')
      const kept = reading!.run.points.map(({ step }) => step)
      expect(kept).toEqual(points.slice(0, kept.length).map(({ step }) => step))
    }
  })

  it('a folder without any is an error that names it', async () => {
    await expect(all(readTensorBoard(folder))).rejects.toMatchObject({
      code: 'interop/nothing-found',
      message: expect.stringContaining(folder) as string
    })
    await expect(all(readTensorBoard(join(folder, 'none')))).rejects.toMatchObject({ code: 'interop/unreadable' })
  })
})

describe("MLflow's files", () => {
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }

  it('reads old and new lines, tells of those that are none, and of what is marked as deleted', async () => {
    await write('0/meta.yaml', "experiment_id: '0'\nname: Default\n")
    await write('0/abc/meta.yaml', 'run_id: abc\nstatus: 5\nstart_time: 1000\nlifecycle_stage: deleted\n')
    await write('0/abc/metrics/loss', '1000 0.5 0\n1010 nan 1\n1020 -Infinity 2 data digest\nnonsense\n1030 0.25 3\n')
    await write('0/abc/params/rate', '1e-3')
    await write('0/abc/params/name', '0x10')
    await write('0/broken/meta.yaml', '[')
    await appendFile(join(folder, '0/abc/metrics/loss'), '')
    const [reading, ...others] = await all(readMlflow(folder))
    expect(others).toEqual([])
    const { run, notes } = reading!
    expect(run).toMatchObject({
      name: 'abc',
      group: 'Default',
      state: 'stopped',
      settings: { rate: 0.001, name: '0x10' }
    })
    expect(run.points.map(({ step, value }) => [step, value])).toEqual([
      [0, 0.5],
      [1, null],
      [2, null],
      [3, 0.25]
    ])
    expect(notes).toEqual([expect.stringContaining('1 lines of metric'), expect.stringContaining('marked as deleted')])
  })
})
