/** The compare flow without a pointer: only keys, and what has the focus. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { atAddress, goTo } from './journey'

/** More presses of Tab than any screen takes. */
const MOST_STOPS = 200

export async function compareByKeyboard(page: Page): Promise<void> {
  await goTo(page, '/datasets')
  await page.locator('body').press('g')
  await page.keyboard.press('r')
  await atAddress(page, (hash) => hash === '#/runs')
  await page.getByRole('grid').waitFor()
  await tabTo(page, 'grid')
  // What was ticked before stays ticked from screen to screen.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Home')
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Space')
  await page.getByText('Compare (2)').waitFor()
  await tabTo(page, 'Compare (2)', true)
  await page.keyboard.press('Enter')
  await atAddress(page, (hash) => hash.startsWith('#/compare'))
  await page.getByRole('heading', { name: 'Where they disagree' }).waitFor()
  const pictures = page.getByRole('list', { name: 'Pictures' })
  await pictures.waitFor()
  await tabTo(page, 'Where they disagree')
  const first = await focused(page)
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => focused(page)).not.toBe(first)
  await page.keyboard.press('h')
  await expect.poll(() => page.getByRole('checkbox', { name: 'Heat (H)' }).isChecked()).toBe(true)
  await page.locator('[data-heat]').first().waitFor({ timeout: 60_000 })
}

/** Text or label of what has the focus. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement
    return element?.getAttribute('aria-label') ?? element?.textContent ?? ''
  })

/** Presses Tab until the focus is where it is wanted: an element of a role, with a text, or a picture of a section's list. */
async function tabTo(page: Page, wanted: string, backwards = false): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    const found = await page.evaluate((name) => {
      const element = document.activeElement
      if (!element || element === document.body) return false
      if (element.getAttribute('role') === name) return true
      if ((element.textContent ?? '').trim() === name) return true
      const section = element.closest('section')
      return element.closest('ul[aria-label="Pictures"]') !== null && section?.querySelector('h2')?.textContent === name
    }, wanted)
    if (found) return
    await page.keyboard.press(backwards ? 'Shift+Tab' : 'Tab')
  }
  throw new Error(`Tab does not lead to '${wanted}'`)
}
