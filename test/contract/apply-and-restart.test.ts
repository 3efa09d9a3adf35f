/** A finding's repair while the run trains: the run ends, and another goes on from its best epoch. */
import { existsSync } from 'node:fs'
import { createRouterClient } from '@orpc/server'
import { afterEach, expect, test, vi } from 'vitest'
import type { Finding, Repair } from '@shared/domain/finding'
import { presetConfig } from '@shared/domain/presets'
import type { Run } from '@shared/domain/run'
import type { TrainJob } from '@shared/worker-protocol/train'
import { router } from '../../main/router'
import type { FakeProcess, Script } from '../fixtures/fake-worker-host'
import { openStudio, type StudioFixture } from '../fixtures/studio'
import { readJob, sendBeginning, sendEnd, sendEpoch } from '../fixtures/train-script'

let fixture: StudioFixture
afterEach(() => fixture.close())

const api = () => createRouterClient(router, { context: { studio: fixture.studio } })
const found = (changes: Repair['changes']): Finding => ({
  code: 'training/learning-rate-high',
  severity: 'severe',
  title: 'The learning rate is too high.',
  evidence: 'The loss jumps.',
  repair: { label: 'A tenth of it', changes }
})

/** The first run trains until it is stopped; each later one completes. */
async function trainWith(changes: Repair['changes']): Promise<{ run: Run; jobs: TrainJob[] }> {
  const jobs: TrainJob[] = []
  let first: { worker: FakeProcess; job: TrainJob } | null = null
  const script: Script = (request, worker) => {
    if (request.type === 'stop') return void sendEnd(worker, first!.job, 'stopped')
    if (request.type !== 'start') return
    const job = readJob(request)
    jobs.push(job)
    sendBeginning(worker)
    sendEpoch(worker, 1)
    if (first) return void sendEnd(worker, job)
    first = { worker, job }
    worker.send({ type: 'findings', findings: [found(changes)] })
  }
  fixture = await openStudio({ train: script })
  const { dataset, job } = await fixture.studio.datasets.import({ path: fixture.pictures })
  await fixture.studio.jobs.settled(job.id)
  const { id } = await api().runs.start({ datasetId: dataset.id, config: presetConfig('default', 'head') })
  await vi.waitFor(async () => expect((await api().runs.get({ runId: id })).findings).toHaveLength(1))
  return { run: await api().runs.get({ runId: id }), jobs }
}

test('the run ends with its best epoch kept, and the new one begins there with the repaired setting', async () => {
  const { run, jobs } = await trainWith({ 'head.learningRate': 1e-4 })
  const begun = await api().doctor.applyAndRestart({ runId: run.id, code: 'training/learning-rate-high' })
  expect(begun.parent).toBe(run.id)
  expect(begun.config).toEqual({ ...run.config, head: { ...run.config.head, learningRate: 1e-4 } })
  expect(await fixture.studio.runs.settled(run.id)).toMatchObject({ state: 'stopped', best: { epoch: 3 } })
  expect(await fixture.studio.runs.settled(begun.id)).toMatchObject({ state: 'completed' })
  expect(jobs[0]!.startFrom).toBeUndefined()
  expect(jobs[1]!.startFrom!.name).toBe(run.name)
  expect(existsSync(jobs[1]!.startFrom!.file!)).toBe(true)
})

test('a repair that the settings refuse, or that is not there, ends nothing', async () => {
  const { run } = await trainWith({ 'head.learningRate': -1 })
  const refused = api().doctor.applyAndRestart({ runId: run.id, code: 'training/learning-rate-high' })
  await expect(refused).rejects.toMatchObject({ data: { code: 'config/invalid' } })
  const missing = api().doctor.applyAndRestart({ runId: run.id, code: 'training/plateau' })
  await expect(missing).rejects.toMatchObject({ data: { code: 'doctor/no-repair' } })
  expect(await api().runs.get({ runId: run.id })).toMatchObject({ state: 'running' })
  expect(await api().runs.list()).toHaveLength(1)
})
