/** What a person sees of a curve: one spike in ten thousand points, by the pixels of the canvas, at every zoom. */
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MetricPoint } from '@shared/domain/run'
import { openStoreInProcess } from '../../main/store/open-in-process'
import { addDataset, newImage, newRun } from '../fixtures/store'
import { launchChromium, openPage, serveStudio, type ServedStudio } from './support/browser-door'
import { temporaryFolder } from './support/folders'
import { goTo, screenshot } from './support/journey'

const STEPS = 10_000
const SPIKE = 6173
const CHART = '[data-series="train_loss"]'

describe.skipIf(!process.env['WHETSTONE_TEST_CHROMIUM'])('curves in a browser', () => {
  const home = temporaryFolder('curves')
  let ids: string[]
  let studio: ServedStudio
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    ids = await writeRuns(join(home.path, 'whetstone.db'))
    studio = await serveStudio(home.path)
    browser = await launchChromium()
    page = await openPage(browser, studio.address)
    await page.getByRole('link', { name: 'Runs' }).first().waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await studio?.stop()
    home.remove()
  })

  it('shows one spike in 10,000 points at every zoom', async () => {
    await goTo(page, '/compare?ids=' + ids.join(','))
    let held = await heldOtherThan('nothing')
    let spike = await findSpike()
    await screenshot(page, 'curves-spike')
    const canvas = (await page.locator(`${CHART} canvas`).first().boundingBox())!
    // 10,000 points across the plot, then half of them and so on, until each has tens of pixels.
    for (let points = STEPS; points > 20; points /= 2) {
      await page.mouse.move(canvas.x + spike, canvas.y + canvas.height / 2)
      await page.keyboard.down('Control')
      await page.mouse.wheel(0, Math.log(2) / -0.0025)
      await page.keyboard.up('Control')
      // At once, out of what is there already; then out of what the database answers for the part in view.
      await painted()
      await findSpike()
      held = await heldOtherThan(held)
      spike = await findSpike()
    }
    await screenshot(page, 'curves-spike-near')
    await page.mouse.dblclick(canvas.x + spike, canvas.y + canvas.height / 2)
    await expect.poll(() => page.locator(CHART).getAttribute('data-held')).toBe('all')
    await page.mouse.move(0, 0)
  })

  it('shows it in a narrow plot and in a wide one, smoothed, and on logarithmic axes', async () => {
    for (const width of [900, 1900]) {
      await page.setViewportSize({ width, height: 700 })
      await painted()
      await findSpike()
    }
    for (const name of ['Log x', 'Log y']) {
      await page.getByRole('checkbox', { name }).click()
      await painted()
      // On a logarithmic axis 50 stands above the rest, of 0.04 to 1, by less than half.
      await findSpike(0.2)
    }
    // Smoothed, what was measured stays behind it, faint.
    await page.getByRole('slider', { name: 'Smoothing' }).fill('0.9')
    await expect.poll(() => saturatedColumns(0.2, 8)).not.toEqual([])
  })

  it('keeps what is pointed at in sight over all charts, by mouse and by keyboard', async () => {
    const slider = page.getByRole('slider', { name: 'Training loss: cross-hair' })
    await slider.focus()
    await page.keyboard.press('Home')
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toMatch(/^epoch 0.01, spiky [\d.]+, plain [\d.]+$/)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('+')
    await page.getByRole('button', { name: 'Show all' }).first().waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('button', { name: 'Show all' }).count()).toBe(0)
  })

  /** The place of the spike in its canvas, css pixels: the only colour in the upper part of the plot, and not wide. */
  async function findSpike(part = 0.5): Promise<number> {
    const columns = await saturatedColumns(part, 40)
    expect(columns.length).toBeGreaterThan(0)
    // A line that falls to the neighbour on either side: the nearer, the wider.
    expect(columns.at(-1)! - columns[0]!).toBeLessThan(120)
    return (columns[0]! + columns.at(-1)!) / 2
  }

  /** Columns with a pixel of colour in the upper part of the plot; the frame of the chart is grey. */
  async function saturatedColumns(part: number, least: number): Promise<number[]> {
    return page.evaluate(
      ([selector, share, threshold]) => {
        const canvas = document.querySelector<HTMLCanvasElement>(`${selector} canvas`)!
        const { width } = canvas
        const height = Math.floor(canvas.height * share)
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height)
        const columns = new Set<number>()
        for (let at = 0; at < data.length; at += 4) {
          const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!]
          if (data[at + 3]! > 64 && Math.max(red, green, blue) - Math.min(red, green, blue) > threshold)
            columns.add((at / 4) % width)
        }
        return [...columns].sort((a, b) => a - b)
      },
      [CHART, part, least] as const
    )
  }

  async function heldOtherThan(before: string): Promise<string> {
    const read = () => page.locator(CHART).getAttribute('data-held')
    await expect.poll(read, { timeout: 30_000 }).not.toBe(before)
    await painted()
    return (await read())!
  }

  /** Two frames: one to paint, one to be sure. */
  const painted = (): Promise<void> =>
    page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))))
})

/** A loss that falls, once with a spike of one point. @returns the runs' ids */
async function writeRuns(file: string): Promise<string[]> {
  const store = await openStoreInProcess(file)
  const datasetId = await addDataset(store, [newImage('cat/1.png'), newImage('dog/1.png')])
  const ids: string[] = []
  for (const [color, name] of ['spiky', 'plain'].entries()) {
    const run = newRun(datasetId, { name, color, state: 'completed', epochsDone: 100, startedAt: 1, endedAt: 2 })
    await store.runs.create(run, process.pid)
    const points = Array.from({ length: STEPS }, (_, index): MetricPoint => {
      const loss = Math.exp(-index / 3000) + color * 0.05
      const value = name === 'spiky' && index === SPIKE ? 50 : loss
      return { series: 'train_loss', step: index + 1, epoch: (index + 1) / 100, timeMs: index * 5, value }
    })
    await store.runs.appendPoints(run.id, points)
    ids.push(run.id)
  }
  await store.close()
  return ids
}
