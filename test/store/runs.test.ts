import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RESTING_STATES, SETTLED_STATES, seriesNameSchema, type MetricPoint } from '@shared/domain/run'
import { openStoreInProcess } from '../../main/store/open-in-process'
import type { Store } from '../../main/store/store'
import { addDataset, newImage, newRun } from '../fixtures/store'

let folder: string
let store: Store
let datasetId: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  store = await openStoreInProcess(join(folder, 'whetstone.db'))
  datasetId = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')])
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

describe('runs', () => {
  it('gives back a run as it was stored, with everything that was patched', async () => {
    const run = newRun(datasetId)
    await store.runs.create(run, process.pid)
    expect(await store.runs.get(run.id)).toEqual(run)
    const patch = {
      state: 'running' as const,
      epochsDone: 7,
      best: { epoch: 5, validationLoss: 0.25, validationAccuracy: 0.875 },
      test: { accuracy: 0.9, loss: 0.3, macroF1: 0.89, count: 100 },
      seconds: { import: 1.5, features: 2, train: 3, total: 6.5 },
      findings: [{ code: 'run/overfit', severity: 'info' as const, title: 'Overfits mildly' }],
      startedAt: 1_700_000_001_000,
      checkpoint: { phase: 'head' as const, step: 12, epoch: 2, epochs: 60, seconds: 1.5, savedAt: 1_700_000_002_000 },
      environment: {
        frozenExecutor: 'onnxruntime' as const,
        trainingExecutor: 'onnxruntime' as const,
        device: 'CPU',
        threads: 2,
        fallback: null,
        versions: { node: '24' },
        hashes: { dataset: 'a', split: 'b', backbone: 'c' }
      }
    }
    expect(await store.runs.update(run.id, patch)).toEqual({ ...run, ...patch })
    expect(await store.runs.list()).toEqual([{ ...run, ...patch }])
    expect(await store.runs.get('nothing')).toBeNull()
  })

  it('lists the newest first', async () => {
    for (const [id, createdAt] of [
      ['old', 1],
      ['new', 3],
      ['middle', 2]
    ] as const) {
      await store.runs.create(newRun(datasetId, { id, createdAt }), process.pid)
    }
    expect((await store.runs.list()).map(({ id }) => id)).toEqual(['new', 'middle', 'old'])
  })

  it('keeps what is written on it, and what was imported without a dataset', async () => {
    const imported = {
      source: 'mlflow' as const,
      origin: '/mlruns/0/abc',
      settings: { lr: 0.1, deep: true, note: null }
    }
    const run = newRun('', { imported, state: 'completed', parent: 'gone' })
    await store.runs.create(run, process.pid)
    const patch = {
      tags: ['good', 'küche'],
      notes: 'two\nlines',
      starred: true,
      archivedAt: 12,
      calibration: { temperature: 1.5, nllBefore: 0.5, nllAfter: 0.4, eceBefore: 0.1, eceAfter: 0.02, count: 100 },
      ignored: [{ code: 'data/leak', note: 'known', at: 3 }]
    }
    expect(await store.runs.update(run.id, patch)).toEqual({ ...run, ...patch })
    expect(await store.runs.get(run.id)).toMatchObject({ datasetId: '', imported, parent: 'gone' })
    await expect(store.runs.create(newRun('nowhere'), process.pid)).rejects.toMatchObject({ code: 'dataset/not-found' })
  })

  it('is removed and brought back; for good only after it was removed', async () => {
    const [kept, gone] = [newRun(datasetId, { name: 'twin' }), newRun(datasetId, { name: 'twin' })]
    for (const run of [kept, gone]) await store.runs.create(run, process.pid)
    await expect(store.runs.remove([gone.id])).rejects.toMatchObject({ code: 'run/active' })
    await store.runs.update(gone.id, { state: 'interrupted' })
    await expect(store.runs.purge([gone.id])).rejects.toMatchObject({ code: 'run/not-removed' })
    await store.runs.remove([gone.id])
    const { removedAt } = (await store.runs.get(gone.id))!
    expect(removedAt).not.toBeNull()
    await store.runs.remove([gone.id])
    expect((await store.runs.get(gone.id))?.removedAt).toBe(removedAt)
    expect((await store.runs.list()).map(({ id }) => id)).toEqual([kept.id])
    // A name means the one that is shown; what is removed can still be named by its id.
    expect((await store.runs.resolve('twin')).id).toBe(kept.id)
    expect((await store.runs.resolve(gone.id)).id).toBe(gone.id)
    await store.runs.restore([gone.id])
    expect((await store.runs.get(gone.id))?.removedAt).toBeNull()
    expect(await store.runs.list()).toHaveLength(2)
    await store.runs.remove([gone.id])
    expect((await store.runs.resume(gone.id, process.pid)).removedAt).toBeNull()
    await store.runs.update(gone.id, { state: 'stopped' })
    await store.runs.remove([gone.id])
    await store.runs.purge([gone.id])
    expect(await store.runs.get(gone.id)).toBeNull()
  })

  it('is settled once', async () => {
    for (const state of SETTLED_STATES) {
      const run = newRun(datasetId)
      await store.runs.create(run, process.pid)
      await store.runs.update(run.id, { state })
      for (const other of (['queued', 'running', ...SETTLED_STATES] as const).filter((one) => one !== state)) {
        await expect(store.runs.update(run.id, { state: other, epochsDone: 99 })).rejects.toMatchObject({
          code: 'run/not-active'
        })
      }
      await store.runs.update(run.id, { state, name: 'Renamed after the end' })
      expect(await store.runs.get(run.id)).toMatchObject({ state, epochsDone: 0, name: 'Renamed after the end' })
    }
    await expect(store.runs.update('nothing', { name: 'x' })).rejects.toMatchObject({ code: 'run/not-found' })
  })

  it('is found by id, by the beginning of an id and by name', async () => {
    await store.runs.create(newRun(datasetId, { id: 'abc-1', name: 'first' }), process.pid)
    await store.runs.create(newRun(datasetId, { id: 'abd-2', name: 'same' }), process.pid)
    await store.runs.create(newRun(datasetId, { id: 'xyz-3', name: 'same' }), process.pid)
    await store.runs.create(newRun(datasetId, { id: 'xyz-4', name: 'abc-1' }), process.pid)
    const idOf = async (reference: string): Promise<string> => (await store.runs.resolve(reference)).id
    expect(await idOf('abc-1')).toBe('abc-1')
    expect(await idOf('abd')).toBe('abd-2')
    expect(await idOf('first')).toBe('abc-1')
    await expect(idOf('ab')).rejects.toMatchObject({ code: 'run/ambiguous' })
    await expect(idOf('same')).rejects.toMatchObject({ code: 'run/ambiguous' })
    await expect(idOf('a%')).rejects.toMatchObject({ code: 'run/not-found' })
    await expect(idOf('')).rejects.toMatchObject({ code: 'run/not-found' })
  })

  it('goes on from where it rests, under its new owner; what is at its end does not', async () => {
    for (const state of RESTING_STATES) {
      const run = newRun(datasetId)
      await store.runs.create(run, 11)
      await store.runs.update(run.id, { state, endedAt: 5, epochsDone: 7 })
      const resumed = await store.runs.resume(run.id, 22)
      expect(resumed).toMatchObject({ state: 'queued', endedAt: null, error: null, epochsDone: 7 })
      await expect(store.runs.resume(run.id, 22)).rejects.toMatchObject({ code: 'run/not-resumable' })
      expect(await store.runs.interruptOrphans((pid) => pid === 22)).toEqual([])
      await store.runs.update(run.id, { state: 'completed' })
      await expect(store.runs.resume(run.id, 22)).rejects.toMatchObject({ code: 'run/not-resumable' })
    }
    await expect(store.runs.resume('nothing', 22)).rejects.toMatchObject({ code: 'run/not-found' })
  })

  it('has one place for training, which the dead do not hold', async () => {
    const [first, second] = [newRun(datasetId, { name: 'first' }), newRun(datasetId)]
    await store.runs.create(first, 11)
    await store.runs.create(second, 22)
    const alive = (pid: number): boolean => pid === 11
    expect(await store.runs.claim(first.id, 11, alive)).toBeNull()
    expect((await store.runs.get(first.id))?.state).toBe('preparing')
    expect(await store.runs.claim(second.id, 22, alive)).toEqual({ id: first.id, name: 'first' })
    expect((await store.runs.get(second.id))?.state).toBe('queued')
    expect(await store.runs.claim(second.id, 22, () => false)).toBeNull()
    expect((await store.runs.get(first.id))?.state).toBe('interrupted')
    expect((await store.runs.get(second.id))?.state).toBe('preparing')
  })

  it('is interrupted when the process that watched over it is gone', async () => {
    await store.runs.create(newRun(datasetId, { id: 'orphan', state: 'running' }), 11)
    await store.runs.create(newRun(datasetId, { id: 'queued', state: 'queued' }), 11)
    await store.runs.create(newRun(datasetId, { id: 'watched', state: 'running' }), 22)
    await store.runs.create(newRun(datasetId, { id: 'done', state: 'completed' }), 11)
    await store.runs.appendPoints('orphan', [{ series: 'train_loss', step: 1, epoch: 0.1, timeMs: 5, value: 2 }])
    const interrupted = await store.runs.interruptOrphans((pid) => pid === 22)
    expect(interrupted.map(({ id }) => id).sort()).toEqual(['orphan', 'queued'])
    expect(interrupted.every(({ state, endedAt }) => state === 'interrupted' && endedAt !== null)).toBe(true)
    expect((await store.runs.get('watched'))?.state).toBe('running')
    expect((await store.runs.get('done'))?.state).toBe('completed')
    expect(await store.runs.points('orphan')).toHaveLength(1)
    expect(await store.runs.interruptOrphans((pid) => pid === 22)).toEqual([])
  })
})

describe('metric points', () => {
  const series = seriesNameSchema.options.slice(0, 5)
  const points = series.flatMap((name) =>
    Array.from({ length: 10_000 }, (_, step): MetricPoint => ({
      series: name,
      step,
      epoch: step / 100,
      timeMs: step * 12.5,
      value: step % 1000 === 7 ? null : Math.sin(step)
    }))
  )

  it('keeps 10,000 steps of five series, in order and to the last digit, within seconds', async () => {
    const run = newRun(datasetId)
    await store.runs.create(run, process.pid)
    const began = performance.now()
    await store.runs.appendPoints(run.id, points)
    const inserted = performance.now()
    const read = await store.runs.points(run.id)
    const ended = performance.now()
    const order = (a: MetricPoint, b: MetricPoint): number => a.series.localeCompare(b.series) || a.step - b.step
    expect(read).toEqual([...points].sort(order))
    expect(inserted - began).toBeLessThan(5000)
    expect(ended - inserted).toBeLessThan(2000)
  })

  it('are told from where they are known, with how many there are', async () => {
    const run = newRun(datasetId)
    await store.runs.create(run, process.pid)
    const [a, b] = [series[0]!, series[1]!]
    const at = (name: string, step: number): MetricPoint => ({ series: name, step, epoch: 0, timeMs: 0, value: step })
    expect(await store.runs.pointsAfter(run.id, {})).toEqual({ points: [], total: 0 })
    await store.runs.appendPoints(run.id, [at(a, 1), at(a, 2), at(b, 1)])
    expect((await store.runs.pointsAfter(run.id, { [a]: 1, [b]: 1 })).points).toEqual([at(a, 2)])
    const { points: all, total } = await store.runs.pointsAfter(run.id, {})
    expect([total, all.length]).toEqual([3, 3])
    // One that is told again is no new one, and one that is gone is missed.
    await store.runs.appendPoints(run.id, [at(a, 2)])
    expect(await store.runs.pointsAfter(run.id, { [a]: 2, [b]: 1 })).toEqual({ points: [], total: 3 })
    await store.runs.cutPoints(run.id, 1)
    expect(await store.runs.pointsAfter(run.id, { [a]: 2, [b]: 1 })).toEqual({ points: [], total: 2 })
  })

  it('are cut to those of a checkpoint, all or none', async () => {
    const run = newRun(datasetId)
    await store.runs.create(run, process.pid)
    await store.runs.appendPoints(run.id, points.slice(0, 100))
    const kept = points.slice(0, 40).map((point) => ({ ...point, timeMs: 1 }))
    await store.runs.replacePoints(run.id, kept)
    expect(await store.runs.points(run.id)).toEqual(kept)
    await store.runs.cutPoints(run.id, 39)
    expect(await store.runs.points(run.id)).toEqual(kept)
    await store.runs.cutPoints(run.id, 29)
    expect(await store.runs.points(run.id)).toEqual(kept.slice(0, 30))
    await store.runs.replacePoints(run.id, kept)
    const broken = [...kept.slice(0, 5), { ...kept[5]!, step: 'x' as unknown as number }]
    await expect(store.runs.replacePoints(run.id, broken)).rejects.toThrow()
    expect(await store.runs.points(run.id)).toEqual(kept)
  })

  it('keeps NaN and infinity apart from nothing, and a step that is told again as it was told last', async () => {
    const run = newRun(datasetId)
    await store.runs.create(run, process.pid)
    const point = (step: number, value: number | null): MetricPoint => ({
      series: 'train_loss',
      step,
      epoch: 0,
      timeMs: 0,
      value
    })
    await store.runs.appendPoints(run.id, [point(1, NaN), point(2, Infinity), point(3, null), point(4, 0), point(5, 1)])
    await store.runs.appendPoints(run.id, [point(5, 0.5)])
    expect((await store.runs.points(run.id)).map(({ value }) => value)).toEqual([null, null, null, 0, 0.5])
  })

  it('goes with its run', async () => {
    const run = newRun(datasetId)
    await store.runs.create(run, process.pid)
    await store.runs.appendPoints(run.id, points.slice(0, 10))
    await store.runs.update(run.id, { state: 'stopped' })
    await store.runs.remove([run.id])
    expect(await store.runs.points(run.id)).toHaveLength(10)
    await store.runs.purge([run.id])
    await expect(store.runs.points(run.id)).rejects.toMatchObject({ code: 'run/not-found' })
    for (const call of ['remove', 'restore', 'purge'] as const) {
      await expect(store.runs[call]([run.id])).rejects.toMatchObject({ code: 'run/not-found' })
    }
  })
})
