/** Door 1 as a person uses it: the packaged program, in a real Electron, on a display of its own. */
import type { ElectronApplication, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/folders'
import { compareRuns, goTo, importSample, screenshot, trainHead, tryPicture } from './support/journey'
import { launchProgram, openDisplay, type Display } from './support/window-door'

describe.skipIf(!process.env['WHETSTONE_TEST_PROGRAM'])('the studio in its window', () => {
  const home = temporaryFolder('window')
  let display: Display
  let program: ElectronApplication
  let page: Page

  beforeAll(async () => {
    display = await openDisplay()
    program = await launchProgram(home.path, display.name)
    page = await program.firstWindow()
  })
  afterAll(async () => {
    await program?.close()
    display?.close()
    home.remove()
  })

  it('keeps the page in its sandbox', async () => {
    const preferences = await program.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      const all = (
        window!.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }
      ).getLastWebPreferences()
      return { isolated: all['contextIsolation'], sandbox: all['sandbox'], node: all['nodeIntegration'] }
    })
    expect(preferences).toEqual({ isolated: true, sandbox: true, node: false })
    expect(await page.evaluate(() => typeof (globalThis as { require?: unknown }).require)).toBe('undefined')
    expect(page.url()).toMatch(/^studio:\/\/app\//)
  })

  it('imports the sample, trains, and draws it live', async () => {
    await importSample(page)
    await screenshot(page, 'window-dataset')
    await trainHead(page, 'default', 'Recommended')
    await screenshot(page, 'window-run')
  })

  it('compares two runs', async () => {
    await trainHead(page, 'naive', 'Naive tutorial')
    await compareRuns(page, ['default', 'naive'])
    await screenshot(page, 'window-compare')
  })

  it('predicts, with TensorFlow and ONNX Runtime found by its own processes', async () => {
    expect(await tryPicture(page)).toMatch(/fruit_veg/)
    await goTo(page, '/devices')
    await page.getByText('ONNX Runtime, native').waitFor({ timeout: 60_000 })
    await screenshot(page, 'window-devices')
  })

  it('loses nothing when the window is closed and opened again', async () => {
    await goTo(page, '/runs')
    await page.getByText('naive').first().waitFor()
    await program.close()
    program = await launchProgram(home.path, display.name)
    page = await program.firstWindow()
    await page.getByRole('link', { name: 'Runs' }).click()
    await page.getByText('naive').first().waitFor()
    await page.getByText('default').first().waitFor()
  })

  // Last: Playwright waits for ever on a navigation that was refused.
  it('refuses to navigate away and to open windows', async () => {
    await page.evaluate(() => window.open('https://example.com'))
    await page.evaluate(() => (window.location.href = 'https://example.com')).catch(() => undefined)
    await page.waitForTimeout(300)
    expect(page.url()).toMatch(/^studio:\/\/app\//)
    expect(program.windows()).toHaveLength(1)
  })
})
