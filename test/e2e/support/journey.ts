/** What a person does on the first day, in whichever door: the sample, a run watched live, a second one, both compared. */
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { ROOT, screenshotFile } from './folders'

const LONG = 240_000

/** A button or a link with this text: which of the two it is, is the design's business. */
export const action = (page: Page, text: string | RegExp) =>
  page.locator('button, a[href]').filter({ hasText: text }).first()

export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: screenshotFile(name) })
}

/** From the first screen to the sample's own, its pictures there. */
export async function importSample(page: Page): Promise<void> {
  await action(page, 'Try the sample').click()
  await atAddress(page, (hash) => /^#\/datasets\/[^/]+$/.test(hash))
  const train = action(page, 'Train…')
  await train.waitFor()
  await expect.poll(() => train.isEnabled(), { timeout: LONG }).toBe(true)
  await page.locator('img[src^="/media/thumb/"]').first().waitFor()
  await page.getByText('997').first().waitFor()
}

/** Starts a head run from the form and watches it to its end. @returns its address */
export async function trainHead(page: Page, name: string, preset: 'Recommended' | 'Naive tutorial'): Promise<string> {
  await goTo(page, '/runs/new')
  await page.getByText(preset, { exact: false }).first().click()
  await page.getByPlaceholder('Given by the studio').fill(name)
  const start = page.getByRole('button', { name: 'Start' })
  await expect.poll(() => start.isEnabled(), { timeout: LONG }).toBe(true)
  await start.click()
  await atAddress(page, (hash) => /^#\/runs\/(?!new)[^/]+$/.test(hash))
  // The live chart is drawn as soon as the first points are there. A quick run may be over before.
  const verdict = page.getByText(/% on \d+ test images/)
  await page.locator('canvas').or(verdict).first().waitFor({ timeout: LONG })
  await screenshot(page, `live-${name}`)
  await verdict.waitFor({ timeout: LONG })
  return page.url()
}

/** Chooses the two runs in the table and compares them. */
export async function compareRuns(page: Page, names: [string, string]): Promise<void> {
  await goTo(page, '/runs')
  for (const name of names) await page.getByLabel(`Select ${name}`).click()
  await action(page, 'Compare (2)').click()
  await atAddress(page, (hash) => hash.startsWith('#/compare'))
  for (const name of names) await page.getByText(name).first().waitFor()
  await page
    .getByText(/is better than|a tie|A tie/)
    .first()
    .waitFor({ timeout: 30_000 })
  await page.locator('canvas').first().waitFor()
}

/** Gives the playground a picture of the sample and reads its first guess. */
export async function tryPicture(page: Page): Promise<string> {
  await goTo(page, '/playground')
  await page.getByLabel('Picture to classify').setInputFiles(join(ROOT, 'resources/sample/fruit_veg/1f34e.png'))
  const guess = page.locator('aside ol li').first()
  await guess.waitFor({ timeout: 60_000 })
  return guess.innerText()
}

/** The narrowest MobileNet for small pictures, by the form on the Models screen. */
export async function createUntrained(page: Page): Promise<void> {
  await goTo(page, '/models')
  await page.getByRole('button', { name: 'MobileNet: Create with random weights…', exact: true }).click()
  const form = page.getByRole('dialog')
  await form.getByText('Random weights know nothing.').waitFor()
  const create = form.getByRole('button', { name: 'Create' })
  await form.getByLabel('Input size').fill('16')
  await form.getByText('from 32 to 1024').waitFor()
  expect(await create.isDisabled()).toBe(true)
  await form.getByRole('combobox', { name: 'Width (alpha)' }).click()
  await page.getByRole('option', { name: '0.25' }).click()
  await form.getByLabel('Input size').fill('32')
  const { violations } = await new AxeBuilder({ page }).include('[role="dialog"]').analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
  await create.click()
  await page.getByRole('heading', { name: 'MobileNet 0.25 at 32, untrained' }).waitFor({ timeout: LONG })
}

export async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate((hash) => (window.location.hash = hash), path)
  await atAddress(page, (hash) => hash === `#${path}`)
}

/** Waits for the page's own address: a screen changes without a navigation, and Playwright waits for one. */
export async function atAddress(page: Page, isThere: (hash: string) => boolean): Promise<void> {
  await expect
    .poll(async () => isThere(await page.evaluate(() => window.location.hash)), { timeout: 60_000 })
    .toBe(true)
}
