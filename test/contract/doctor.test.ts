/** The doctor through the contract and on the command line, with a worker that follows a script. */
import { existsSync } from 'node:fs'
import { createRouterClient } from '@orpc/server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PreflightEvent } from '@shared/domain/diagnosis'
import { presetConfig } from '@shared/domain/presets'
import type { Run } from '@shared/domain/run'
import type { DoctorJob, ExaminedRun } from '@shared/worker-protocol/doctor'
import { runProgram } from '../../main/cli/program'
import { router } from '../../main/router'
import { DIAGNOSIS, doctorJobs, doctorScript, FINDING } from '../fixtures/doctor-script'
import type { Script } from '../fixtures/fake-worker-host'
import { openStudio, type StudioFixture } from '../fixtures/studio'

let fixture: StudioFixture
const open = async (doctor: Script = doctorScript): Promise<void> => void (fixture = await openStudio({ doctor }))
beforeEach(() => void (doctorJobs.length = 0))
afterEach(() => fixture.close())

const config = presetConfig('default', 'head')
const api = () => createRouterClient(router, { context: { studio: fixture.studio } })

async function imported(): Promise<string> {
  const { dataset, job } = await fixture.studio.datasets.import({ path: fixture.pictures })
  await fixture.studio.jobs.settled(job.id)
  return dataset.id
}

async function trained(datasetId: string, ignored?: { code: 'data/leak'; note: string }[]): Promise<Run> {
  const { id } = await api().runs.start({ datasetId, config, ignored })
  return fixture.studio.runs.settled(id)
}

const failure = (promise: Promise<unknown>): Promise<{ code: string }> =>
  promise.then(
    () => ({ code: 'none' }),
    (error: { data?: { code: string }; code: string }) => error.data ?? error
  )

async function events(datasetId: string): Promise<PreflightEvent[]> {
  const all: PreflightEvent[] = []
  for await (const event of await api().doctor.preflight({ datasetId, config })) all.push(event)
  return all
}

test('a pre-flight tells each check as it ends, then everything; its worker knows the machine and the pictures', async () => {
  await open()
  const datasetId = await imported()
  const all = await events(datasetId)
  expect(all.map(({ type }) => type)).toEqual(['phase', 'check', 'check', 'check', 'diagnosis'])
  expect(all[1]).toMatchObject({ check: { code: 'preprocessing/range' }, findings: [FINDING] })
  expect(all.at(-1)).toEqual({ type: 'diagnosis', diagnosis: DIAGNOSIS })
  const [job] = doctorJobs as DoctorJob[]
  expect(job!.train.images).toHaveLength(24)
  expect(job!.train.classes).toEqual(['cat', 'dog'])
  expect(job!.train.contract.size).toBe(224)
  expect(job!.device.cpu.model).toBe('a test')
  expect(existsSync(job!.train.directory)).toBe(false)
  expect(fixture.studio.jobs.list().find(({ kind }) => kind === 'doctor')).toMatchObject({ state: 'done' })
})

test('whoever leaves a pre-flight ends its worker', async () => {
  const waiting: Script = (request, worker) => {
    if (request.type === 'stop') return worker.exit(0)
    worker.send({ type: 'phase', text: 'Counting labels' })
  }
  await open(waiting)
  const datasetId = await imported()
  const leaving = new AbortController()
  for await (const event of fixture.studio.doctor.preflight(datasetId, config, leaving.signal)) {
    expect(event).toEqual({ type: 'phase', text: 'Counting labels' })
    leaving.abort()
  }
  expect(fixture.host.started.filter(({ kind }) => kind === 'doctor').every(({ ended }) => ended)).toBe(true)
  expect(fixture.studio.jobs.list().find(({ kind }) => kind === 'doctor')).toMatchObject({ state: 'cancelled' })
})

test('what cannot be examined is refused with its reason, and a worker that dies is told', async () => {
  await open((request, worker) => (request.type === 'stop' ? undefined : worker.exit(null, 'SIGKILL')))
  expect(await failure(events('nowhere'))).toMatchObject({ code: 'dataset/not-found' })
  const datasetId = await imported()
  expect(await failure(events(datasetId))).toMatchObject({ code: 'worker/crashed' })
  expect(await failure(api().doctor.run({ runId: 'nowhere' }))).toMatchObject({ code: 'run/not-found' })
  const bad = { ...config, backboneId: 'nowhere' }
  const wrong = (async () => {
    for await (const event of await api().doctor.preflight({ datasetId, config: bad })) void event
  })()
  expect(await failure(wrong)).toMatchObject({ code: 'backbone/not-found' })
})

test('a run that has ended is examined with its curves, its confusions and its configuration', async () => {
  await open()
  const run = await trained(await imported())
  const diagnosis = await api().doctor.run({ runId: run.id })
  expect(diagnosis).toMatchObject({ fit: 'overfit', findings: [FINDING], confused: [{ truth: 'cat' }] })
  const [job] = doctorJobs as ExaminedRun[]
  expect(job!.run.id).toBe(run.id)
  expect(job!.points.length).toBeGreaterThan(0)
  expect(job!.confused[0]).toMatchObject({ count: 1 })
  expect(job!.job!.train.config).toEqual(run.config)
})

test('a run whose dataset is gone is examined by what is left of it', async () => {
  await open()
  const datasetId = await imported()
  const run = await trained(datasetId)
  await api().datasets.remove({ datasetId })
  expect(await api().doctor.run({ runId: run.id })).toMatchObject({ fit: 'overfit' })
  expect((doctorJobs as ExaminedRun[])[0]!.job).toBeNull()
})

test('what is ignored stays with the run, with the latest note; also from before its start', async () => {
  await open()
  const run = await trained(await imported(), [{ code: 'data/leak', note: 'They are frames of one film.' }])
  expect(run.ignored).toMatchObject([{ code: 'data/leak', note: 'They are frames of one film.' }])
  await api().doctor.ignore({ runId: run.id, code: 'training/logits', note: ' on purpose ' })
  await api().doctor.ignore({ runId: run.id, code: 'training/logits', note: 'as the article does' })
  const { ignored } = await api().runs.get({ runId: run.id })
  expect(ignored.map(({ code, note }) => [code, note])).toEqual([
    ['data/leak', 'They are frames of one film.'],
    ['training/logits', 'as the article does']
  ])
})

async function cli(...args: string[]): Promise<{ code: number; stdout: string }> {
  let stdout = ''
  const code = await runProgram(args, {
    streams: { stdout: { write: (text) => (stdout += text) }, stderr: { write: () => undefined } },
    openStudio: async () => ({ ...fixture.studio, close: async () => undefined }),
    serve: () => Promise.reject(new Error('no server here'))
  })
  return { code, stdout }
}

test('the command line examines a folder with the options of fit, and a run by its name', async () => {
  await open()
  const folder = await cli('doctor', fixture.pictures, '--json', '--preset', 'naive', '--set', 'head.learningRate=0.02')
  expect(folder.code).toBe(0)
  const document = JSON.parse(folder.stdout) as { findings: Record<string, unknown>[]; checks: unknown[] }
  expect(Object.keys(document.findings[0]!)).toEqual(
    expect.arrayContaining(['code', 'severity', 'title', 'evidence', 'repair'])
  )
  expect(document.findings[0]!['evidence']).toEqual({ text: 'Off by 2.1.', value: 2.1, expected: 0.1 })
  expect(document.checks).toHaveLength(3)
  expect((doctorJobs as DoctorJob[])[0]!.train.config.head.learningRate).toBe(0.02)
  expect((doctorJobs as DoctorJob[])[0]!.train.contract.crop).toBe('squash')

  const [dataset] = await fixture.studio.datasets.list()
  const run = await trained(dataset!.id)
  const text = await cli('doctor', run.name)
  expect(text.code).toBe(0)
  expect(text.stdout).toContain('75.0 % on 4 test images. It overfits.')
  expect(text.stdout).toContain('✗ The network sees values in [0, 1].  [preprocessing/range]')
  expect(text.stdout).toContain("Use the backbone's own values: --set contract=null")
  expect(text.stdout).toContain("1. Use the backbone's own values (5 to 20 points, about 12 s)")
})

test('the command line refuses what it does not know', async () => {
  await open()
  await imported()
  expect((await cli('doctor', 'nothing-of-that-name', '--json')).code).toBe(1)
  expect((await cli('doctor', fixture.pictures, '--set', 'head.nonsense=1')).code).toBe(2)
})
