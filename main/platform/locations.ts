/** Where the packaged program, and the project while developing, keep what ships with them. */
import { app } from 'electron'
import { join } from 'node:path'

/** Backbones and the sample: outside asar, because other processes open them as plain files. */
export const resourcesDirectory = (): string =>
  app.isPackaged ? process.resourcesPath : join(app.getAppPath(), 'resources')

/** out/, as electron-vite lays it out. */
export const outDirectory = (): string => join(__dirname, '..')
