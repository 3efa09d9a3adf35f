/** The programs that show runs, each with the same ones, each on a loopback port. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { benchCache, pythonEnvironment, type Environment } from '../contenders.ts'
import { ensureBuilt } from '../../../scripts/lib/build.ts'
import { ROOT } from '../../../scripts/lib/root.ts'
import { bundle, buildFolder } from '../../fixtures/bundle.ts'

export interface RunServer {
  name: string
  address: string
  stop(): Promise<void>
}

export interface Sizes {
  runs: number
  metrics: number
  steps: number
  /** Runs whose validation loss the peers have whole, and of how many points they have one of all else. */
  whole: number
  every: number
}

const PEERS = import.meta.dirname.replace(/support$/u, 'peers')
const OPEN_WITHIN_MS = 180_000

const folderOf = ({ runs, metrics, steps, whole, every }: Sizes): string =>
  join(benchCache(), `runs-screen-${[runs, metrics, steps, whole, every].join('-')}`)

/** The runs as files, written the first time: minutes, and gigabytes. @returns the folder of Whetstone's home and each peer's */
export async function prepareRuns(sizes: Sizes): Promise<string> {
  const folder = folderOf(sizes)
  const { runs, metrics, steps, whole, every } = sizes
  await mkdir(folder, { recursive: true })
  const out = buildFolder('bench')
  await bundle(
    {
      'synthetic-points': 'test/bench/programs/synthetic-points.ts',
      'synthetic-store': 'test/bench/programs/synthetic-store.ts'
    },
    out
  )
  const program = (name: string, args: readonly (string | number)[]): Promise<void> =>
    finished(process.execPath, [join(out, `${name}.cjs`), ...args.map(String)])
  const points = join(folder, 'points')
  await once(join(folder, 'points.done'), () =>
    program('synthetic-points', [points, runs, metrics, steps, whole, every])
  )
  await once(join(folder, 'home.done'), async () => {
    await mkdir(join(folder, 'home'), { recursive: true })
    await program('synthetic-store', [join(folder, 'home', 'whetstone.db'), runs, metrics, steps])
  })
  for (const [kind, environment] of [
    ['tensorboard', 'trackers'],
    ['mlflow', 'trackers'],
    ['aim', 'aim']
  ] as const) {
    await once(join(folder, `${kind}.done`), async () => {
      await rm(join(folder, kind), { recursive: true, force: true })
      const python = await pythonEnvironment(environment)
      await finished(python, [join(PEERS, 'runs_store.py'), kind, points, join(folder, kind)])
    })
  }
  await once(join(folder, 'tensorboard-whole.done'), async () => {
    const few = join(folder, 'tensorboard-whole')
    await mkdir(few, { recursive: true })
    const names = (await readdir(join(folder, 'tensorboard'))).sort().slice(0, whole)
    for (const name of names) await symlink(join(folder, 'tensorboard', name), join(few, name))
  })
  return folder
}

async function once(marker: string, make: () => Promise<void>): Promise<void> {
  if (existsSync(marker)) return
  console.error(`Writing ${marker.replace(/\.done$/u, '')} …`)
  await make()
  await writeFile(marker, '')
}

/** Behind the loopback door. Its address lets in one browser, once. */
export async function serveWhetstone(folder: string): Promise<RunServer> {
  const out = process.env['WHETSTONE_OUT'] ?? join(ROOT, 'out')
  if (!process.env['WHETSTONE_OUT']) await ensureBuilt()
  const child = spawn(process.execPath, [join(out, 'main/serve.cjs'), '--home', join(folder, 'home')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  let said = ''
  const address = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      said += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/u.exec(said)?.[0]
      if (found) resolve(found)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', (code) => reject(new Error(`Whetstone ended with ${String(code)}:\n${said}`)))
  })
  return { name: 'Whetstone', address, stop: () => stop(child) }
}

export const serveMlflow = async (folder: string): Promise<RunServer> =>
  serve('MLflow', 'trackers', 'mlflow', (port) => [
    'server',
    ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow', 'mlflow.db')}`],
    ...['--host', '127.0.0.1', '--port', String(port), '--workers', '1']
  ])

export const serveTensorBoard = async (logs: string): Promise<RunServer> =>
  serve('TensorBoard', 'trackers', 'tensorboard', (port) => [
    '--logdir',
    logs,
    '--port',
    String(port),
    '--host',
    '127.0.0.1'
  ])

export const serveAim = async (folder: string): Promise<RunServer> =>
  serve('Aim', 'aim', 'aim', (port) => [
    'up',
    '--repo',
    join(folder, 'aim'),
    '--host',
    '127.0.0.1',
    '--port',
    String(port)
  ])

async function serve(
  name: string,
  environment: Environment,
  command: string,
  args: (port: number) => string[]
): Promise<RunServer> {
  const bin = dirname(await pythonEnvironment(environment))
  const port = await freePort()
  // In a group of its own: these programs start further processes, which have to end with them.
  const child = spawn(join(bin, command), args(port), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: {
      ...process.env,
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      TF_CPP_MIN_LOG_LEVEL: '3',
      AIM_UI_TELEMETRY_ENABLED: '0'
    }
  })
  let said = ''
  const hear = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-3000))
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const address = `http://127.0.0.1:${String(port)}`
  const start = Date.now()
  for (;;) {
    const answer = await fetch(address).catch(() => null)
    if (answer?.ok) break
    if (child.exitCode !== null || Date.now() - start > OPEN_WITHIN_MS) {
      await stop(child)
      throw new Error(`${name} did not open:\n${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return { name, address, stop: () => stop(child) }
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.pid === undefined) return resolve()
    child.on('exit', () => resolve())
    process.kill(-child.pid, 'SIGTERM')
    setTimeout(() => child.exitCode === null && process.kill(-child.pid!, 'SIGKILL'), 10_000).unref()
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function finished(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' }
  })
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}`)
}
