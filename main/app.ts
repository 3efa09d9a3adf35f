/**
 * Door 1: the desktop window. Composition only: builds the studio on Electron's utility processes, serves the renderer under
 * studio://app, and gives the window one MessagePort to the router. Closing the window stops nothing.
 */
import { RPCHandler } from '@orpc/server/message-port'
import { CONNECT_MESSAGE } from '@shared/bridge'
import { toErrorData } from '@shared/errors'
import { app, dialog, ipcMain, protocol, type BrowserWindow } from 'electron'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createHttpApp } from './http/app'
import { cacheDirectory, homeDirectory } from './paths'
import { outDirectory, resourcesDirectory } from './platform/locations'
import { installMenu } from './platform/menu'
import { notifyWhenRunsEnd } from './platform/notify'
import { denyPermissions, isStudioFrame } from './platform/security'
import { openWindow } from './platform/window'
import { router } from './router'
import { openStore } from './store/open'
import { createStudio, type Studio } from './studio'
import { UtilityHost } from './supervisor/utility-host'

const SCHEME = { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true }

let window: BrowserWindow | null = null
let quitting = false

// Root has no sandbox to offer, and says so itself with --no-sandbox; both together leave no process that can start.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
protocol.registerSchemesAsPrivileged([{ scheme: 'studio', privileges: SCHEME }])

const home = homeFromArguments() ?? homeDirectory(process.env, process.platform, homedir())
// Electron's own files lie inside the studio's home, so that two homes are two programs and one home is one.
app.setPath('userData', join(home, 'window'))

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', show)
  void app.whenReady().then(start, fail)
} else {
  app.quit()
}

async function start(): Promise<void> {
  installMenu()
  denyPermissions()
  const out = outDirectory()
  const studio = await createStudio({
    home,
    cache: cacheDirectory(process.env, process.platform, homedir()),
    resources: resourcesDirectory(),
    host: new UtilityHost(join(out, 'main/workers')),
    openStore: (file) => openStore({ file, threadFile: join(out, 'main/store-thread.cjs') }),
    door: 'window',
    version: app.getVersion()
  })
  const http = createHttpApp(studio, {
    rendererDirectory: join(out, 'renderer'),
    rendererUrl: app.isPackaged ? undefined : process.env['ELECTRON_RENDERER_URL']
  })
  protocol.handle('studio', async (request) => http.fetch(request))
  connectPages(studio)
  notifyWhenRunsEnd(studio, () => window?.isFocused() ?? false, show)
  app.on('activate', show)
  app.on('window-all-closed', () => leaveWhenIdle(studio))
  app.on('before-quit', (event) => {
    if (quitting) return
    event.preventDefault()
    void quit(studio)
  })
  show()
}

/** A page's port is taken only from the studio's own top frame; it dies with the page. */
function connectPages(studio: Studio): void {
  const handler = new RPCHandler(router)
  ipcMain.on(CONNECT_MESSAGE, (event) => {
    const [port] = event.ports
    if (!port || !isStudioFrame(event.senderFrame)) return
    handler.upgrade(port, { context: { studio } })
    port.start()
  })
  ipcMain.handle('whetstone:pick-folder', async (event) => {
    if (!isStudioFrame(event.senderFrame) || !window) return null
    const { canceled, filePaths } = await dialog.showOpenDialog(window, {
      properties: ['openDirectory', 'createDirectory']
    })
    return canceled ? null : (filePaths[0] ?? null)
  })
}

function show(): void {
  if (window) {
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
    return
  }
  window = openWindow(join(outDirectory(), 'preload/preload.cjs'), join(resourcesDirectory(), 'icons/icon.png'))
  window.on('closed', () => (window = null))
}

/** Without a window the program stays as long as a run trains; starting it again brings the window back. */
function leaveWhenIdle(studio: Studio): void {
  if (!isTraining(studio)) return app.quit()
  const stop = studio.jobs.onChange(() => {
    if (isTraining(studio)) return
    stop()
    if (!window) app.quit()
  })
}

const isTraining = (studio: Studio): boolean =>
  studio.jobs.list().some((job) => job.state === 'running' && job.kind === 'train')

async function quit(studio: Studio): Promise<void> {
  if (isTraining(studio) && window) {
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      message: 'A run is training.',
      detail: 'Quitting stops it. Its metrics and its best checkpoint so far are kept.',
      buttons: ['Stop and quit', 'Keep training'],
      defaultId: 1,
      cancelId: 1
    })
    if (response === 1) return
  }
  quitting = true
  await studio.close().catch(() => undefined)
  app.quit()
}

function fail(error: unknown): void {
  const { message, hint, code } = toErrorData(error)
  dialog.showErrorBox('Whetstone cannot start', `${message}\n\n${hint}\n\n(${code})`)
  app.exit(1)
}

function homeFromArguments(): string | null {
  const at = process.argv.indexOf('--home')
  return at >= 0 ? (process.argv[at + 1] ?? null) : null
}
