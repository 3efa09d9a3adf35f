/** What the studio says of a run's settings before it trains, and of two runs afterwards. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { action, atAddress, goTo } from './journey'

const LONG = 240_000

/** Has the naive recipe examined, repairs what is named first, and has it examined again. @returns the two that came first */
export async function repairBeforeTraining(page: Page): Promise<[string, string]> {
  await goTo(page, '/runs/new')
  await page.getByText('Naive tutorial').first().click()
  const check = page.getByRole('button', { name: 'Check', exact: true })
  await expect.poll(() => check.isEnabled(), { timeout: LONG }).toBe(true)
  await check.click()
  const again = page.getByRole('button', { name: 'Check again' })
  await again.waitFor({ timeout: LONG })
  const first = page.getByRole('list', { name: 'Findings of the pre-flight' }).getByRole('listitem').first()
  const before = await first.innerText()
  await first.getByRole('button').first().click()
  await first.getByText('Changed in the form').waitFor()
  await page.getByText('Settings have changed since').waitFor()
  await again.click()
  await again.waitFor({ state: 'hidden' })
  await again.waitFor({ timeout: LONG })
  const rest = page
    .getByRole('list', { name: 'Findings of the pre-flight' })
    .or(page.getByText('Nothing speaks against'))
  return [before, await rest.first().innerText()]
}

/** From the comparison of two runs to the waterfall between them. @returns the verdict and the table's rows */
export async function explainGap(page: Page, ids: readonly string[]): Promise<{ verdict: string; rows: string[] }> {
  await goTo(page, `/compare?ids=${ids.join(',')}`)
  await action(page, 'Explain the gap').click()
  await atAddress(page, (hash) => hash.startsWith('#/explain'))
  await page.getByRole('radiogroup', { name: 'Seeds' }).getByText('1', { exact: true }).click()
  await page.getByRole('button', { name: 'Explain', exact: true }).click()
  await atAddress(page, (hash) => hash.includes('id='))
  // The first answers are enough: it may be stopped at any time.
  await page.getByText(/^[3-9] of \d+ experiments/).waitFor({ timeout: LONG })
  await action(page, 'Stop').click()
  await action(page, 'Explain again…').waitFor({ timeout: LONG })
  const rows = await page.getByRole('region', { name: 'Waterfall' }).getByRole('row').allInnerTexts()
  return { verdict: await page.locator('header p').first().innerText(), rows }
}
