/**
 * The lock file installs everywhere: npm leaves out the builds for other platforms when its registry did not offer them on the day, and
 * `npm ci` then refuses the whole file.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'

interface Entry {
  version?: string
  resolved?: string
  extraneous?: boolean
  optionalDependencies?: Record<string, string>
}

const text = readFileSync(resolve(import.meta.dirname, '../../package-lock.json'), 'utf8')
const { packages } = JSON.parse(text) as { packages: Record<string, Entry> }

/** As Node looks for a package: beside the one that asks, then further up. */
function isLocked(from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (`${at ? `${at}/` : ''}node_modules/${name}` in packages) return true
    if (at === '' || !at.includes('/node_modules/')) return `node_modules/${name}` in packages
  }
}

it('has an entry for every optional dependency, whatever the platform', () => {
  const missing = Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(from, name))
  )
  expect(missing).toEqual([])
})

it('names no registry and holds nothing extraneous', () => {
  const odd = Object.entries(packages).filter(([, { resolved, extraneous }]) => resolved !== undefined || extraneous)
  expect(odd.map(([name]) => name)).toEqual([])
})
