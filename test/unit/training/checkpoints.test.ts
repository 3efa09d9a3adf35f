/** Checkpoints on disk: whole or not at all, the two newest, and the one before a torn one. */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MetricPoint } from '@shared/domain/run'
import {
  readCheckpointFile,
  writeCheckpointFile,
  type Checkpoint
} from '../../../main/engine/training/resume/checkpoint-file'
import { CheckpointFolder } from '../../../main/engine/training/resume/checkpoint-folder'
import { CheckpointKeeper } from '../../../main/engine/training/resume/checkpoint-keeper'
import { decodePoints, encodePoints } from '../../../main/engine/training/resume/points'

let directory: string
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'checkpoints ü '))))
afterEach(() => rm(directory, { recursive: true, force: true }))

function checkpointAt(step: number): Checkpoint {
  return {
    state: {
      version: 1,
      runId: 'r',
      identity: { dataset: 'a', split: 'b', backbone: 'c', settings: 'd' },
      mark: { phase: 'head', step, epoch: 1, epochs: 3, seconds: step / 10, savedAt: 1 },
      phase: 'head',
      elapsedMs: 0.1 + step,
      trainMs: step,
      featureSeconds: 0,
      books: { steps: step, epochs: 0, best: null },
      recorder: { firstStep: 0, firstEpoch: 0, group: { loss: 0.1 + 0.2, count: 1 }, speed: null },
      loop: { random: [1, -2, 3, 4], loss: Math.PI },
      kept: null,
      unreadable: []
    },
    tensors: new Map([
      ['loop/weights', { shape: [2, 2], data: Float32Array.of(step, 1 / 3, -0, 1e-40) }],
      ['loop/none', { shape: [0], data: new Float32Array() }]
    ])
  }
}

describe('a checkpoint file', () => {
  it('gives back every bit that was written', async () => {
    const file = join(directory, 'a.safetensors')
    await writeCheckpointFile(file, checkpointAt(7))
    expect(await readCheckpointFile(file)).toEqual(checkpointAt(7))
    expect(await readdir(directory)).toEqual(['a.safetensors'])
  })

  it('is refused when one bit has changed or the end is missing, wherever that is', async () => {
    const file = join(directory, 'a.safetensors')
    await writeCheckpointFile(file, checkpointAt(7))
    const whole = await readFile(file)
    for (let place = 0; place < whole.length; place += 37) {
      const bytes = Buffer.from(whole)
      bytes[place]! ^= 1 << (place % 8)
      await writeFile(file, bytes)
      await expect(readCheckpointFile(file)).rejects.toMatchObject({ code: 'run/checkpoint-damaged' })
    }
    for (const length of [0, 31, 32, 100, whole.length - 1]) {
      await writeFile(file, whole)
      await truncate(file, length)
      await expect(readCheckpointFile(file)).rejects.toMatchObject({ code: 'run/checkpoint-damaged' })
    }
  })

  it('leaves nothing behind when it cannot be written', async () => {
    const file = join(directory, 'no', 'such', 'folder')
    await expect(writeCheckpointFile(file, checkpointAt(1))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readdir(directory)).toEqual([])
  })
})

describe('the folder of a run', () => {
  const stepOf = async (): Promise<{ step: number | null; damaged: number }> => {
    const { checkpoint, damaged } = await new CheckpointFolder(directory).newest()
    return { step: checkpoint?.state.mark.step ?? null, damaged: damaged.length }
  }

  it('keeps the two newest, and goes on counting after a restart', async () => {
    const folder = new CheckpointFolder(directory)
    for (const step of [1, 2, 3]) await folder.write(checkpointAt(step))
    expect(await readdir(directory)).toEqual(['state-000000002.safetensors', 'state-000000003.safetensors'])
    const next = new CheckpointFolder(directory)
    expect((await next.newest()).checkpoint).toEqual(checkpointAt(3))
    await next.write(checkpointAt(4))
    expect(await readdir(directory)).toEqual(['state-000000003.safetensors', 'state-000000004.safetensors'])
  })

  it('falls back to the one before a torn one, then to the beginning of the phase, then to none', async () => {
    expect(await stepOf()).toEqual({ step: null, damaged: 0 })
    const folder = new CheckpointFolder(directory)
    await folder.beginPhase(checkpointAt(10))
    expect(await stepOf()).toEqual({ step: 10, damaged: 0 })
    for (const step of [11, 12]) await folder.write(checkpointAt(step))
    expect(await stepOf()).toEqual({ step: 12, damaged: 0 })
    await truncate(join(directory, 'state-000000002.safetensors'), 50)
    expect(await stepOf()).toEqual({ step: 11, damaged: 1 })
    await truncate(join(directory, 'state-000000001.safetensors'), 50)
    expect(await stepOf()).toEqual({ step: 10, damaged: 2 })
    await truncate(join(directory, 'phase.safetensors'), 50)
    expect(await stepOf()).toEqual({ step: null, damaged: 3 })
  })

  it('forgets the checkpoints of the phase before when the next one begins', async () => {
    const folder = new CheckpointFolder(directory)
    for (const step of [1, 2]) await folder.write(checkpointAt(step))
    await folder.beginPhase(checkpointAt(2))
    expect(await readdir(directory)).toEqual(['phase.safetensors'])
  })
})

describe('the keeper', () => {
  const open = (everyMs: number) => {
    const told = { written: [] as number[], failed: [] as unknown[], paused: 0 }
    const clock = { now: 0 }
    const keeper = new CheckpointKeeper(
      new CheckpointFolder(directory),
      everyMs,
      {
        onWritten: ({ step }) => told.written.push(step),
        onFailed: (error) => told.failed.push(error),
        onPaused: () => told.paused++
      },
      () => clock.now
    )
    return { keeper, told, clock }
  }

  it('writes one when it is time, and none while one is being written', async () => {
    const { keeper, told, clock } = open(100)
    let captured = 0
    for (let step = 1; step <= 10; step++) {
      clock.now = step * 30
      keeper.offer(() => (captured++, checkpointAt(step)))
    }
    expect(captured).toBe(1)
    await keeper.settled()
    expect(told.written).toEqual([4])
  })

  it('is rarer where taking one costs more than a hundredth of the time', async () => {
    const { keeper, told, clock } = open(100)
    for (let step = 1; step <= 300; step++) {
      clock.now += 10
      keeper.offer(() => {
        clock.now += 5
        return checkpointAt(step)
      })
      await keeper.settled()
    }
    expect(told.written.length).toBeGreaterThan(3)
    expect(told.written.length * 5).toBeLessThanOrEqual(clock.now * 0.02)
  })

  it('takes the next step for a pause, and says so once it is on the disk', async () => {
    const { keeper, told } = open(1e9)
    keeper.offer(() => checkpointAt(1))
    keeper.pause()
    keeper.offer(() => checkpointAt(2))
    expect(told.paused).toBe(0)
    await keeper.settled()
    expect(told).toMatchObject({ written: [2], paused: 1 })
    expect(keeper.paused).toMatchObject({ step: 2 })
    keeper.offer(() => checkpointAt(3))
    await keeper.settled()
    expect(told.written).toEqual([2])
  })

  it('lets the run go on where the disk does not take it, and pauses it once the disk does', async () => {
    await rm(directory, { recursive: true })
    await writeFile(directory, 'a file where the folder should be')
    const { keeper, told, clock } = open(0)
    keeper.pause()
    clock.now = 1
    keeper.offer(() => checkpointAt(1))
    await keeper.settled()
    expect(told).toMatchObject({ written: [], paused: 0 })
    expect(told.failed).toHaveLength(1)
    expect(keeper.paused).toBeNull()
    await rm(directory)
    keeper.offer(() => checkpointAt(2))
    await keeper.settled()
    expect(told.written).toEqual([])
    clock.now = 2000
    keeper.offer(() => checkpointAt(3))
    await keeper.settled()
    expect(told).toMatchObject({ written: [3], paused: 1 })
  })
})

it('the points of a curve are read as they were written, bit for bit', () => {
  const points: MetricPoint[] = [
    { series: 'train_loss', step: 1, epoch: 1 / 3, timeMs: 0.1 + 0.2, value: Math.PI },
    { series: 'rss_bytes', step: 2 ** 40, epoch: 0, timeMs: 1e12, value: 3e9 },
    { series: 'validation_loss', step: 3, epoch: 1, timeMs: 4, value: null }
  ]
  expect(decodePoints(encodePoints(points))).toEqual(points)
  expect(decodePoints(encodePoints([]))).toEqual([])
})
