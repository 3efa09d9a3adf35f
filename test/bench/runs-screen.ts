/**
 * The screens of many runs in Chromium: 1,000 runs × 5 metrics × 10,000 steps as a table, and 100 runs of 10,000 steps overlaid, beside
 * MLflow, TensorBoard and Aim with the same runs. Each server has answered before (its own caches are warm), each page is new. A table
 * is there when ten names of runs are painted; an overlay when the picture has changed for the last time.
 *
 * What the peers were given is in their favour: of the validation loss of the 100 runs that are overlaid they have every step, of all
 * else every 200th, because their libraries write a few thousand points a second and 50 million would take a day. What cannot be
 * driven from an address alone is not in the table; why is said on the error stream.
 */
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { findChromium } from '../../scripts/lib/packages.ts'
import { median, row, type BenchRow } from './rows.ts'
import {
  prepareRuns,
  serveAim,
  serveMlflow,
  serveTensorBoard,
  serveWhetstone,
  type RunServer,
  type Sizes
} from './support/run-servers.ts'
import { newPage, untilStill, untilText, type StorageState } from './support/screen-clock.ts'

/** It writes gigabytes and sets up three programs. */
export const onlyWhenNamed = true

const SIZES: Sizes = { runs: 1000, metrics: 5, steps: 10_000, whole: 100, every: 200 }
const ROUNDS = 5
const NAME = /^\s*synthetic-\d{5}\s*$/u
const NAMES = 10
const TABLE = '1,000 runs × 5 metrics × 10,000 steps'
const OVERLAY = '100 runs of 10,000 steps'

interface Screens {
  table: number | null
  /** Within the open program, from the click to the painted rows. */
  again?: number
  overlay: number | null
  zoom?: number | null
}

export async function bench(): Promise<BenchRow[]> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('Chromium is needed: the screens are measured in it.')
  const folder = await prepareRuns(SIZES)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] })
  try {
    const own = await measured(
      () => serveWhetstone(folder),
      (server) => whetstone(browser, server)
    )
    if (!own?.table) throw new Error('The runs screen never painted its rows.')
    const peers = {
      MLflow: await measured(
        () => serveMlflow(folder),
        (server) => mlflow(browser, server)
      ),
      TensorBoard: await tensorBoard(browser, folder),
      Aim: await measured(
        () => serveAim(folder),
        (server) => aim(browser, server)
      )
    }
    return rowsOf(own, peers)
  } finally {
    await browser.close()
  }
}

function rowsOf(own: Screens, peers: Record<string, Screens | null>): BenchRow[] {
  const below = (value: number) => ({ valueBelow: value })
  const rows = [row(`runs table, ${TABLE}: from loading the page`, 'ms', own.table!, null, below(300))]
  if (own.again) rows.push(row(`runs table, ${TABLE}: from the click, studio open`, 'ms', own.again, null, below(300)))
  if (own.overlay) rows.push(row(`overlay of ${OVERLAY}, studio open`, 'ms', own.overlay, null, below(500)))
  if (own.zoom) rows.push(row(`zoom into the overlay of ${OVERLAY}`, 'ms', own.zoom, null, below(100)))
  for (const [name, screens] of Object.entries(peers)) {
    if (screens?.table) {
      rows.push(
        row(
          `runs table, ${TABLE}: from loading the page`,
          'ms',
          own.table!,
          { name, value: screens.table },
          { ratioAtMost: 1 }
        )
      )
    } else console.error(`${name}: its table of runs could not be measured`)
    if (screens?.overlay && own.overlay) {
      rows.push(row(`overlay of ${OVERLAY}`, 'ms', own.overlay, { name, value: screens.overlay }, { ratioAtMost: 1 }))
    } else console.error(`${name}: its overlay could not be measured`)
  }
  return rows
}

/** Null, with the reason told, when a program does not open: a table without it says more than no table. */
async function measured(
  open: () => Promise<RunServer>,
  measure: (server: RunServer) => Promise<Screens>
): Promise<Screens | null> {
  let server: RunServer | null = null
  try {
    server = await open()
    return await measure(server)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return null
  } finally {
    await server?.stop()
  }
}

async function tableOf(browser: Browser, address: string, state?: StorageState): Promise<number | null> {
  const times: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const page = await newPage(browser, state)
    const time = await untilText(page, address, NAME, NAMES)
    await page.context().close()
    if (time === null) return null
    // The first time is the server's warm-up.
    if (round > 0) times.push(time)
  }
  return median(times)
}

async function overlayOf(browser: Browser, address: string): Promise<number | null> {
  const times: number[] = []
  for (let round = 0; round < 3; round++) {
    const page = await newPage(browser)
    const time = await untilStill(page, () => page.goto(address, { waitUntil: 'commit' }))
    await page.context().close()
    if (time === null) return null
    if (round > 0) times.push(time)
  }
  return median(times)
}

async function whetstone(browser: Browser, { address }: RunServer): Promise<Screens> {
  const first = await newPage(browser)
  await first.goto(address)
  const state = await first.context().storageState()
  const at = (hash: string): string => new URL(`/#${hash}`, address).href
  const table = await tableOf(browser, at('/runs'), state)

  const again: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await first.goto(at('/devices'))
    await first.waitForTimeout(500)
    again.push(
      await first.evaluate(async () => {
        const start = performance.now()
        window.location.hash = '/runs'
        while (document.querySelectorAll('tbody [role=rowheader] a').length < 10)
          await new Promise(requestAnimationFrame)
        await new Promise(requestAnimationFrame)
        return performance.now() - start
      })
    )
  }

  const ids = await first.evaluate(async () => {
    const answer = await fetch('/rpc/runs/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        json: { limit: 100, columns: [], facets: [], sort: [{ key: 'created', descending: false }] }
      })
    })
    return ((await answer.json()) as { json: { rows: { id: string }[] } }).json.rows.map(({ id }) => id)
  })
  const overlays: number[] = []
  for (let round = 0; round < 3; round++) {
    await first.goto(at('/devices'))
    await first.waitForTimeout(1000)
    const time = await untilStill(first, () =>
      first.evaluate((hash) => (window.location.hash = hash), `/compare?ids=${ids.join(',')}`)
    )
    if (time !== null && round > 0) overlays.push(time)
  }
  const canvas = await first.locator('canvas').first().boundingBox()
  const zooms: number[] = []
  for (let round = 0; canvas && round < 3; round++) {
    await first.mouse.move(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2)
    // As on a page, the wheel alone scrolls.
    const time = await untilStill(first, async () => {
      await first.keyboard.down('Control')
      await first.mouse.wheel(0, -240)
      await first.keyboard.up('Control')
    })
    if (time !== null) zooms.push(time)
  }
  await first.context().close()
  return {
    table,
    again: median(again),
    overlay: overlays.length > 0 ? median(overlays) : null,
    zoom: zooms.length > 0 ? median(zooms) : null
  }
}

/** Its overlay is the page of a metric, which takes the runs from the address. */
async function mlflow(browser: Browser, { address }: RunServer): Promise<Screens> {
  const table = await tableOf(browser, `${address}/#/experiments/1/runs`)
  const answer = await fetch(`${address}/api/2.0/mlflow/runs/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_ids: ['1'], max_results: SIZES.whole, order_by: ['attributes.start_time ASC'] })
  })
  const found = (await answer.json()) as { runs: { info: { run_id: string } }[] }
  const query = new URLSearchParams({
    runs: JSON.stringify(found.runs.map(({ info }) => info.run_id)),
    metric: JSON.stringify('validation_loss'),
    experiments: JSON.stringify(['1']),
    plot_metric_keys: JSON.stringify(['validation_loss'])
  })
  return { table, overlay: await overlayOf(browser, `${address}/#/metric?${query.toString()}`) }
}

/** Its overlay has a log folder of its own: it cannot be asked for certain runs by address. It draws 1,000 points of each curve. */
async function tensorBoard(browser: Browser, folder: string): Promise<Screens> {
  const whole = await measured(
    () => serveTensorBoard(join(folder, 'tensorboard')),
    async (server) => {
      await settled(`${server.address}/data/plugin/timeseries/tags`, SIZES.runs)
      return { table: await tableOf(browser, `${server.address}/#timeseries`), overlay: null }
    }
  )
  const few = await measured(
    () => serveTensorBoard(join(folder, 'tensorboard-whole')),
    async (server) => {
      await settled(`${server.address}/data/plugin/timeseries/tags`, SIZES.whole)
      const address = `${server.address}/?tagFilter=${encodeURIComponent('^validation_loss$')}#timeseries`
      return { table: null, overlay: await overlayOf(browser, address) }
    }
  )
  return { table: whole?.table ?? null, overlay: few?.overlay ?? null }
}

/** Waits until the logs of so many runs are read. */
async function settled(address: string, runs: number): Promise<void> {
  for (let second = 0; second < 300; second++) {
    const tags = (await fetch(address).then((answer) => answer.json())) as {
      scalars?: { runTagInfo?: Record<string, unknown> }
    }
    if (Object.keys(tags.scalars?.runTagInfo ?? {}).length >= runs) return
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  throw new Error(`TensorBoard has not read ${String(runs)} runs in five minutes.`)
}

/** Its overlays are kept in bookmarks, not in addresses: none is measured. */
const aim = async (browser: Browser, { address }: RunServer): Promise<Screens> => ({
  table: await tableOf(browser, `${address}/runs`),
  overlay: null
})
