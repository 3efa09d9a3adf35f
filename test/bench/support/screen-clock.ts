/** When a page shows what it was opened for: measured alike for every program, from the start of its loading. */
import type { Browser, BrowserContext, Page } from 'playwright-core'

export type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>

const PATIENCE_MS = 120_000
/** Nothing has moved on the screen for so long: the picture is whole. */
const REST_MS = 2500

interface Frame {
  at: number
  bytes: number
}

/** Milliseconds until so many texts that match are painted; null: they never were. */
export async function untilText(page: Page, address: string, pattern: RegExp, count: number): Promise<number | null> {
  await page.addInitScript(
    ([source, wanted]) => {
      const matches = new RegExp(source, 'u')
      const look = (): void => {
        const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT)
        let found = 0
        while (found < wanted && walker.nextNode()) {
          const node = walker.currentNode
          if (matches.test(node.nodeValue ?? '') && (node.parentElement?.getClientRects().length ?? 0) > 0) found++
        }
        // A frame later it has been painted.
        if (found >= wanted) requestAnimationFrame(() => ((window as { shownAt?: number }).shownAt = performance.now()))
        else requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    },
    [pattern.source, count] as const
  )
  await page.goto(address, { waitUntil: 'commit', timeout: PATIENCE_MS })
  const shown = await page
    .waitForFunction(() => (window as { shownAt?: number }).shownAt, undefined, { timeout: PATIENCE_MS, polling: 50 })
    .then((handle) => handle.jsonValue())
    .catch(() => null)
  return shown ?? null
}

/** Milliseconds until the picture changed for the last time; null when it never rested. `begin` starts what is measured. */
export async function untilStill(page: Page, begin: () => Promise<unknown>): Promise<number | null> {
  const client = await page.context().newCDPSession(page)
  const frames: Frame[] = []
  client.on('Page.screencastFrame', ({ sessionId, data, metadata }) => {
    frames.push({ at: (metadata.timestamp ?? 0) * 1000, bytes: data.length })
    void client.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined)
  })
  await client.send('Page.startScreencast', { format: 'jpeg', quality: 30 })
  const start = Date.now()
  await begin()
  while (Date.now() - start < PATIENCE_MS) {
    await page.waitForTimeout(100)
    const last = frames.at(-1)?.at ?? start
    if (Date.now() - Math.max(last, start) > REST_MS) break
  }
  await client.send('Page.stopScreencast')
  await client.detach()
  const last = frames.filter(({ at }) => at >= start).at(-1)
  return last && Date.now() - start < PATIENCE_MS ? last.at - start : null
}

/** A page that has never seen the program, but for what it needs to be let in. */
export async function newPage(browser: Browser, storageState?: StorageState): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, storageState })
  return context.newPage()
}
