/**
 * Where Whetstone keeps what is the user's (database, runs) and what can be had again (the runtime, caches), by each
 * platform's own custom. Pure functions of their arguments.
 */
import { join, posix, win32 } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The folder of whatever can be made or fetched again: WHETSTONE_CACHE, else the platform's cache folder
 * (XDG Base Directory Specification, `~/Library/Caches`, `%LOCALAPPDATA%`).
 *
 * @param platform as `process.platform`
 * @param home the user's home folder, as `os.homedir()`
 */
export function cacheDirectory(env: Environment, platform: NodeJS.Platform, home: string): string {
  const { join } = platform === 'win32' ? win32 : posix
  if (env['WHETSTONE_CACHE']) return absolute(env['WHETSTONE_CACHE'], platform)
  if (platform === 'win32') return join(localAppData(env, home), 'Whetstone', 'Cache')
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'Whetstone')
  return join(xdg(env['XDG_CACHE_HOME']) ?? join(home, '.cache'), 'whetstone')
}

/**
 * The folder of the database, the runs and their checkpoints: WHETSTONE_HOME, else the platform's data folder
 * (XDG Base Directory Specification, `~/Library/Application Support`, `%LOCALAPPDATA%`).
 *
 * @param platform as `process.platform`
 * @param home the user's home folder, as `os.homedir()`
 */
export function homeDirectory(env: Environment, platform: NodeJS.Platform, home: string): string {
  const { join } = platform === 'win32' ? win32 : posix
  if (env['WHETSTONE_HOME']) return absolute(env['WHETSTONE_HOME'], platform)
  if (platform === 'win32') return join(localAppData(env, home), 'Whetstone', 'Data')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Whetstone')
  return join(xdg(env['XDG_DATA_HOME']) ?? join(home, '.local', 'share'), 'whetstone')
}

/** The folders in which backbones are looked for: those that ship with the studio first, then those that the user imported. */
export function backboneFolders(resources: string, home: string): [embedded: string, imported: string] {
  return [join(resources, 'backbones'), join(home, 'backbones')]
}

/** A relative folder counts from where the program was started. */
function absolute(path: string, platform: NodeJS.Platform): string {
  return (platform === 'win32' ? win32 : posix).resolve(path)
}

function localAppData(env: Environment, home: string): string {
  return env['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local')
}

/** The specification says that a relative path is invalid and is to be ignored. */
function xdg(path: string | undefined): string | null {
  return path && posix.isAbsolute(path) ? path : null
}
