/**
 * Eight runs that train and are watched, in one process: POINTS_A_SECOND SECONDS. The store in its thread and the services as in the
 * studio; the workers are one other thread, which tells as often as eight real ones do. On each line one such piece of work.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { runEventSchema } from '@shared/domain/run'
import { trainingConfigSchema } from '@shared/domain/training-config'
import { RunsService } from '../../../main/services/runs/runs'
import { openStore } from '../../../main/store/open'
import type { RunStore } from '../../../main/store/store'
import { openRuns } from '../../fixtures/runs-service'
import { addDataset, newImage } from '../../fixtures/store'
import { serveLines } from './serve-lines'
import { TellingHost } from './telling-host'

const RUNS = 8
const NANOSECONDS = 1e6
const IDLE_MS = 3000

const [rate, seconds] = process.argv.slice(2).map(Number) as [number, number]

/** How late timers are while nothing is done: what the machine's other work costs. */
async function idleDelay(): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  delay.disable()
  return delay.percentile(99) / NANOSECONDS
}

/** A home trains one run at a time; here each has the place. All else goes to the thread. */
const withoutPlace = (runs: RunStore): RunStore =>
  new Proxy(runs, {
    get: (target, method) => (method === 'claim' ? async () => null : (Reflect.get(target, method) as unknown))
  })

async function work(): Promise<Record<string, number>> {
  const idleP99Ms = await idleDelay()
  const folder = mkdtempSync(join(tmpdir(), 'ingest-'))
  const fixture = await openRuns(() => undefined)
  const store = await openStore({
    file: join(folder, 'whetstone.db'),
    threadFile: join(import.meta.dirname, 'store-thread.cjs')
  })
  const host = new TellingHost(join(import.meta.dirname, 'telling-thread.cjs'), { rate: rate / RUNS, seconds })
  const paths = { ...fixture.context.paths, runs: join(folder, 'runs') }
  mkdirSync(paths.runs)
  const context = { ...fixture.context, host, paths, store: { ...store, runs: withoutPlace(store.runs) } }
  const services = Array.from({ length: RUNS }, () => new RunsService(context))
  const images = (['train', 'validation', 'test'] as const).flatMap((split) =>
    ['cat', 'dog'].map((label) => newImage(`${label}/${split}.png`, { split }))
  )
  const datasetId = await addDataset(store, images, folder)
  const watched = await Promise.all(
    services.map(async (service) => {
      const { id } = await service.start({ datasetId, config: trainingConfigSchema.parse({}) })
      return { service, id, feed: await service.watch(id) }
    })
  )
  let [bytes, events] = [0, 0]
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const began = performance.now()
  await Promise.all(
    watched.map(async ({ service, id, feed }) => {
      for await (const event of feed) {
        // What the way to a browser asks of the process: the contract's check, and its text.
        bytes += JSON.stringify(runEventSchema.parse(event)).length
        events++
      }
      await service.settled(id)
    })
  )
  delay.disable()
  const elapsed = (performance.now() - began) / 1000
  let points = 0
  for (const { id } of watched) points += (await store.runs.points(id)).length
  await Promise.all(services.map((service) => service.close()))
  await host.close()
  await store.close()
  await fixture.close()
  rmSync(folder, { recursive: true })
  return {
    pointsPerSecond: points / elapsed,
    delayP99Ms: delay.percentile(99) / NANOSECONDS,
    delayMaxMs: delay.max / NANOSECONDS,
    idleP99Ms,
    events,
    bytes
  }
}

void serveLines(work)
