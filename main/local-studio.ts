/** The studio of the doors that run on Node alone: forked workers, and paths from the environment. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { SystemInfo } from '@shared/domain/system'
import { cacheDirectory, homeDirectory } from './paths'
import { openStore } from './store/open'
import type { Store } from './store/store'
import { createStudio, type Studio } from './studio'
import { ForkHost } from './supervisor/fork-host'
import { version } from '../package.json'

export interface LocalStudioOptions {
  /** out/main, where the built files lie; resources/ is beside out/. */
  outDirectory: string
  /** Left out: WHETSTONE_HOME, else the platform's own folder. */
  home?: string | undefined
  door: SystemInfo['door']
}

/** @throws StudioError as createStudio does */
export function openLocalStudio({ outDirectory, home, door }: LocalStudioOptions): Promise<Studio> {
  return createStudio({
    home: home === undefined ? homeDirectory(process.env, process.platform, homedir()) : resolve(home),
    cache: cacheDirectory(process.env, process.platform, homedir()),
    resources: process.env['WHETSTONE_RESOURCES'] ?? resolve(outDirectory, '../../resources'),
    host: new ForkHost({ workersDirectory: join(outDirectory, 'workers') }),
    openStore:
      door === 'cli'
        ? openStoreHere
        : (file) => openStore({ file, threadFile: join(outDirectory, 'store-thread.cjs') }),
    door,
    version
  })
}

/** A command has nothing else to do while it waits for the database, and would wait for a thread to start besides. */
async function openStoreHere(file: string): Promise<Store> {
  const { openStoreInProcess } = await import('./store/open-in-process')
  return openStoreInProcess(file)
}
