/**
 * A hundred runs of 10,000 steps overlaid: in the store, and on the screen in Chromium, from the click to the painted curves.
 * WHETSTONE_TEST_CHROMIUM names Chromium; without it the screen is left out.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { bundle, buildFolder } from '../fixtures/bundle.ts'
import { ensureBuilt } from '../../scripts/lib/build.ts'
import { ROOT } from '../../scripts/lib/root.ts'
import { ownProgram, takeTurns } from './contenders.ts'
import { median, row, type BenchRow } from './rows.ts'

const RUNS = 100
const STEPS = 10_000
const PIXELS = 1000
const ROUNDS = 5
const ZOOMS = 6
const CHART = '[data-series="train_loss"]'

const STORED: Record<string, { text: string; target: { valueBelow: number } }> = {
  first: { text: 'asked for the first time', target: { valueBelow: 400 } },
  zoom: { text: 'a fifth of them, after that', target: { valueBelow: 50 } },
  smoothed: { text: 'smoothed', target: { valueBelow: 100 } },
  seeds: { text: 'as 10 means of 10 seeds with bands', target: { valueBelow: 500 } }
}

export async function bench(): Promise<BenchRow[]> {
  const name = `${String(RUNS)} curves of ${String(STEPS)} points`
  const own = await ownProgram('curves', [RUNS, STEPS, PIXELS].map(String))
  const [answers] = await takeTurns([own], { warmUp: 1, rounds: ROUNDS })
  await own.end()
  const rows = Object.entries(STORED).map(([key, { text, target }]) =>
    row(`${name} out of the store, ${text}`, 'ms', median(answers!.map((answer) => answer[key]!)), null, target)
  )
  const screen = await onScreen()
  if (!screen) return rows
  return [
    ...rows,
    row(`${name} overlaid in Chromium, from the click to the paint`, 'ms', screen.overlay, null, { valueBelow: 500 }),
    row(`${name} in Chromium, a zoom until it is painted as fine as it can be`, 'ms', screen.zoom, null, {
      valueBelow: 100
    }),
    row(`${name} in Chromium, a frame while the cross-hair moves`, 'ms', screen.frame, null, { valueBelow: 34 })
  ]
}

/** Medians; the studio is another one in each round, so that nothing of the runs is in its memory. */
async function onScreen(): Promise<{ overlay: number; zoom: number; frame: number } | null> {
  const executablePath = process.env['WHETSTONE_TEST_CHROMIUM']
  if (!executablePath) return null
  await ensureBuilt()
  const home = mkdtempSync(join(tmpdir(), 'curves-home-'))
  await fill(join(home, 'whetstone.db'))
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  const figures = { overlay: [] as number[], zoom: [] as number[], frame: [] as number[] }
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const studio = await serve(home)
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      await page.goto(studio.address)
      await page.getByRole('link', { name: 'Compare' }).waitFor()
      figures.overlay.push(await overlay(page))
      figures.zoom.push(...(await zooms(page)))
      figures.frame.push(await hovering(page))
      await page.close()
      await studio.stop()
    }
  } finally {
    await browser.close()
    rmSync(home, { recursive: true, force: true })
  }
  return { overlay: median(figures.overlay), zoom: median(figures.zoom), frame: median(figures.frame) }
}

async function overlay(page: Page): Promise<number> {
  const list = await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch('/rpc/runs/list', { method: 'POST', headers, body: '{"json":{}}' })
    return ((await answer.json()) as { json: { id: string }[] }).json.map(({ id }) => id)
  })
  // Its code is there, as when a comparison was open before.
  await page.evaluate(() => (location.hash = '/compare'))
  await page.waitForTimeout(1500)
  const hash = `/compare?ids=${list.slice(0, RUNS).join(',')}`
  return untilPainted(page, 'nothing', () => page.evaluate((to) => (location.hash = to), hash))
}

async function zooms(page: Page): Promise<number[]> {
  const box = (await page.locator(`${CHART} canvas`).first().boundingBox())!
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.waitForTimeout(500)
  const times: number[] = []
  for (let zoom = 0; zoom < ZOOMS; zoom++) {
    const before = (await page.locator(CHART).getAttribute('data-held'))!
    await page.keyboard.down('Control')
    times.push(await untilPainted(page, before, () => page.mouse.wheel(0, -250)))
    await page.keyboard.up('Control')
    await page.waitForTimeout(100)
  }
  return times
}

/** From the gesture's arrival in the page to the frame after the one in which the curves were painted. */
async function untilPainted(page: Page, before: string, begin: () => Promise<unknown>): Promise<number> {
  const painted = page.evaluate(
    ([selector, old]) =>
      new Promise<number>((resolve) => {
        let start = performance.now()
        const started = (): void => void (start = performance.now())
        for (const event of ['wheel', 'hashchange']) addEventListener(event, started, { capture: true, once: true })
        const look = (): void => {
          const held = document.querySelector<HTMLElement>(selector)?.dataset['held']
          if (held === undefined || held === 'nothing' || held === old) return void requestAnimationFrame(look)
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)))
        }
        look()
      }),
    [CHART, before] as const
  )
  await begin()
  return painted
}

/** Median time between two frames while the pointer crosses the chart. */
async function hovering(page: Page): Promise<number> {
  const box = (await page.locator(`${CHART} canvas`).first().boundingBox())!
  const frames = page.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const times: number[] = []
        let last = performance.now()
        const tick = (now: number): void => {
          times.push(now - last)
          last = now
          if (times.length < 60) requestAnimationFrame(tick)
          else resolve(times)
        }
        requestAnimationFrame(tick)
      })
  )
  for (let move = 0; move < 60; move++) await page.mouse.move(box.x + 60 + move * 4, box.y + 60 + move)
  return median(await frames)
}

async function fill(file: string): Promise<void> {
  const folder = buildFolder('bench')
  await bundle({ 'synthetic-store': 'test/bench/programs/synthetic-store.ts' }, folder)
  const child = spawn(process.execPath, [join(folder, 'synthetic-store.cjs'), file, ...[RUNS, 1, STEPS].map(String)])
  await ended(child)
}

async function serve(home: string): Promise<{ address: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [join(ROOT, 'out/main/serve.cjs'), '--home', home], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const address = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(text)?.[0]
      if (found) resolve(found)
    })
    child.on('exit', () => reject(new Error(`serve ended before it was open:\n${text}`)))
  })
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.on('exit', resolve))
    child.kill('SIGTERM')
    await gone
  }
  return { address, stop }
}

async function ended(child: ChildProcess): Promise<void> {
  const code = await new Promise((resolve) => child.on('exit', resolve))
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${String(code)}`)
}
