/**
 * The bridge between the window and the core: hands over one MessagePort, and the two things that a page cannot do itself,
 * choosing a folder and learning the path of a dropped one. Nothing else crosses here.
 */
import { CONNECT_MESSAGE, type WhetstoneBridge } from '@shared/bridge'
import { contextBridge, ipcRenderer, webUtils } from 'electron'

window.addEventListener('message', (event) => {
  if (event.source !== window || event.data !== CONNECT_MESSAGE) return
  const [port] = event.ports
  if (port) ipcRenderer.postMessage(CONNECT_MESSAGE, null, [port])
})

const bridge: WhetstoneBridge = {
  platform: process.platform,
  pickFolder: () => ipcRenderer.invoke('whetstone:pick-folder') as Promise<string | null>,
  // Electron before 32 has no webUtils and writes the path on the file itself.
  pathForFile: (file) => webUtils?.getPathForFile(file) ?? (file as File & { path?: string }).path ?? ''
}

contextBridge.exposeInMainWorld('whetstone', bridge)
