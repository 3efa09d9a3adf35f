/** Door 2 as a person uses it: Chromium on the loopback address. */
import { execFileSync } from 'node:child_process'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, openPage, serveStudio, type ServedStudio } from './support/browser-door'
import { temporaryFolder } from './support/folders'
import { explainGap, repairBeforeTraining } from './support/diagnosis'
import { compareByKeyboard } from './support/keyboard'
import { compareRuns, createUntrained, goTo, importSample, screenshot, trainHead, tryPicture } from './support/journey'

const SCREENS = ['/datasets', '/runs', '/runs/new', '/models', '/advisor', '/lab', '/playground', '/devices']

describe.skipIf(!process.env['WHETSTONE_TEST_CHROMIUM'])('the studio in a browser', () => {
  const home = temporaryFolder('browser')
  let studio: ServedStudio
  let browser: Browser
  let page: Page
  let runAddress: string

  beforeAll(async () => {
    studio = await serveStudio(home.path)
    browser = await launchChromium()
    page = await openPage(browser, studio.address)
  })
  afterAll(async () => {
    await browser?.close()
    await studio?.stop()
    home.remove()
  })

  it('begins with one sentence and two ways to start', async () => {
    await page.getByRole('button', { name: 'Try the sample' }).waitFor()
    await page.getByRole('button', { name: 'Import a folder…' }).waitFor()
    // The one-time token has left the address for a cookie.
    expect(page.url()).not.toContain('token')
    await screenshot(page, 'first-run')
  })

  it('imports the sample and shows its pictures', async () => {
    await importSample(page)
    await screenshot(page, 'dataset')
  })

  it('trains a head, drawn live, to a verdict', async () => {
    runAddress = await trainHead(page, 'default', 'Recommended')
    await screenshot(page, 'run')
  })

  it('shows the same run after the page was closed and opened', async () => {
    const verdict = await page.getByText(/% on \d+ test images/).innerText()
    await page.reload()
    await page.getByText(verdict).waitFor()
    expect(page.url()).toBe(runAddress)
  })

  it('compares two runs on one screen', async () => {
    await trainHead(page, 'naive', 'Naive tutorial')
    await compareRuns(page, ['default', 'naive'])
    await screenshot(page, 'compare')
  })

  it('compares by keyboard alone, from the list of runs to where two of them looked', async () => {
    await compareByKeyboard(page)
    await screenshot(page, 'flips')
  })

  it('names what is wrong with the naive recipe before it trains, and mends it with a click', async () => {
    const [first, rest] = await repairBeforeTraining(page)
    expect(first).toMatch(/^Severe:\s.*most likely cause/s)
    expect(rest).not.toContain(first.split('most likely cause')[0])
    await screenshot(page, 'preflight')
  })

  it('explains the gap between the two runs, factor by factor', async () => {
    const { verdict, rows } = await explainGap(page, await testedRuns(page))
    expect(verdict).toMatch(/points/)
    expect(rows.some((row) => row.includes('Optimiser and rate'))).toBe(true)
    await screenshot(page, 'explanation')
  })

  it('says what it sees in a picture', async () => {
    expect(await tryPicture(page)).toMatch(/fruit_veg/)
    await screenshot(page, 'playground')
  })

  it('creates an architecture with random weights, for pictures of a size, and shows it', async () => {
    await createUntrained(page)
    await screenshot(page, 'created')
  })

  it('lives on when a training process is killed, with the run interrupted and its metrics kept', async () => {
    const { id } = await startEndlessRun(page)
    await goTo(page, `/runs/${id}`)
    await page.locator('canvas').first().waitFor({ timeout: 120_000 })
    const before = await waitForPoints(page, id)
    await page.getByText('Wrong at this moment').waitFor()
    await page.locator('aside img[src^="/media/thumb/"]').first().waitFor()
    await screenshot(page, 'live')
    process.kill(trainWorkerOf(studio.pid), 'SIGKILL')
    await expect
      .poll(async () => (await rpc<{ state: string }>(page, 'runs/get', { runId: id })).state)
      .toBe('interrupted')
    const after = await rpc<unknown[]>(page, 'runs/metrics', { runId: id })
    expect(after.length).toBeGreaterThanOrEqual(before)
    // Which of the two it is depends on whether the first checkpoint came before the kill.
    await page
      .getByText(/Resume it to go on from|resumed, it begins anew/)
      .first()
      .waitFor()
    await screenshot(page, 'interrupted')
  })

  it.each(['light', 'dark'] as const)('has no accessibility violation on any screen, %s', async (theme) => {
    await page.emulateMedia({ colorScheme: theme })
    const run = new URL(runAddress).hash.slice(1)
    const [dataset] = await rpc<{ id: string }[]>(page, 'datasets/list', {})
    const [explanation] = await rpc<{ id: string }[]>(page, 'explain/list', {})
    const compared = await testedRuns(page)
    const tabs = ['classes', 'confidence', 'slices', 'training', 'settings'].map((tab) => `${run}?tab=${tab}`)
    const others = [
      `/datasets/${dataset!.id}`,
      `/compare?ids=${compared.join(',')}`,
      '/explain',
      `/explain?id=${explanation!.id}`
    ]
    for (const path of [...SCREENS, run, ...tabs, ...others]) {
      await goTo(page, path)
      await page.waitForTimeout(800)
      await screenshot(page, `screen${path.replace(/[^a-z0-9-]+/gi, '-')}-${theme}`)
      // Reka's toasts guard the ends of their region with hidden spans that pass the focus on at once; axe sees only the span.
      const { violations } = await new AxeBuilder({ page }).exclude('[role="region"] > span[aria-hidden]').analyze()
      expect(violations.map(({ id, nodes }) => `${path} ${id}: ${nodes[0]?.html}`)).toEqual([])
    }
  })

  it('refuses whoever has not the token', async () => {
    const stranger = await fetch(new URL('/rpc/runs/list', studio.address), { method: 'POST', body: '{}' })
    expect(stranger.status).toBe(403)
  })
})

/** Two of those that came to their end. */
async function testedRuns(page: Page): Promise<string[]> {
  const runs = await rpc<{ id: string; test: object | null }[]>(page, 'runs/list', {})
  return runs.flatMap(({ id, test }) => (test ? [id] : [])).slice(0, 2)
}

/** A call of the contract from the page, as the page itself makes it. */
async function rpc<T>(page: Page, method: string, input: unknown): Promise<T> {
  const answer = await page.evaluate(
    async ([path, body]) => {
      const response = await fetch(`/rpc/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ json: body })
      })
      return { ok: response.ok, body: (await response.json()) as { json: unknown } }
    },
    [method, input] as const
  )
  expect(answer.ok, JSON.stringify(answer.body)).toBe(true)
  return answer.body.json as T
}

/** A head run that would go on for minutes. */
async function startEndlessRun(page: Page): Promise<{ id: string }> {
  const [dataset] = await rpc<{ id: string }[]>(page, 'datasets/list', {})
  const datasetId = dataset!.id
  const input = { datasetId, mode: 'head', preset: 'default' }
  const { config } = await rpc<{ config: { head: object; earlyStopping: object } }>(page, 'runs/defaults', input)
  const endless = {
    ...config,
    head: { ...config.head, epochs: 10_000 },
    earlyStopping: { ...config.earlyStopping, enabled: false }
  }
  return rpc(page, 'runs/start', { datasetId, name: 'endless', config: endless })
}

async function waitForPoints(page: Page, runId: string): Promise<number> {
  let count = 0
  const enough = async (): Promise<boolean> =>
    (count = (await rpc<unknown[]>(page, 'runs/metrics', { runId })).length) > 100
  await expect.poll(enough, { timeout: 60_000 }).toBe(true)
  return count
}

function trainWorkerOf(pid: number): number {
  const children = execFileSync('ps', ['--ppid', String(pid), '-o', 'pid=,args='], { encoding: 'utf8' })
  const line = children.split('\n').find((text) => text.includes('workers/train.cjs'))
  if (!line) throw new Error(`no train worker under ${pid}:\n${children}`)
  return Number.parseInt(line, 10)
}
