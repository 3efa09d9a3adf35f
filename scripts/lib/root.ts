/** Where the project and the user's cache lie. */
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from '../../main/paths.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '')
export const CACHE = cacheDirectory(process.env, process.platform, homedir())
