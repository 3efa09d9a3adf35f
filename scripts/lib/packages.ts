/** Installs through apt-get what the tests' browsers need, where that is possible; elsewhere says what is missing. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

export const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const BROWSER = ['chromium', 'fonts-dejavu-core']
const WINDOW = ['xvfb', 'xauth', 'libgtk-3-0', 'libnss3', 'libasound2', 'libgbm1']
const COMPILER = ['g++', 'python3', 'python3-pip']

const isInstalled = (name: string): boolean =>
  spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' }).stdout?.includes('install ok') ?? false

const has = (command: string): boolean => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0

/** @returns a sentence for each thing that is missing and could not be installed. */
export function ensureTestPackages(): string[] {
  const debian = existsSync('/usr/bin/apt-get')
  if (debian) {
    const wanted = [...BROWSER, ...WINDOW]
    if (!has('g++') && !has('clang++')) wanted.push(COMPILER[0]!)
    if (!has('python3')) wanted.push(COMPILER[1]!, COMPILER[2]!)
    const missing = wanted.filter((name) => !isInstalled(name))
    if (missing.length > 0 && process.getuid?.() === 0) {
      console.error(`Installing for the tests: ${missing.join(' ')}`)
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
      try {
        execFileSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 2, 2], env })
        execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
          stdio: ['ignore', 'ignore', 2],
          env
        })
      } catch (error) {
        console.error(`apt-get did not install everything: ${(error as Error).message}`)
      }
    }
  }
  const left: string[] = []
  const how = debian ? 'run the tests once as root, or: sudo apt-get install' : 'install'
  if (!findChromium()) left.push(`The browser tests are left out: no Chromium (${how} ${BROWSER.join(' ')})`)
  if (!existsSync('/usr/bin/Xvfb')) left.push(`The window tests are left out: no Xvfb (${how} ${WINDOW.join(' ')})`)
  return left
}

export const findChromium = (): string | null => CHROMIUM_PATHS.find((path) => existsSync(path)) ?? null
