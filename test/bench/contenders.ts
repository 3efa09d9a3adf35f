/**
 * The programs that are compared: each in a process of its own, so that its peak memory is its own, and on request, so that
 * they take turns and a busy moment of the machine hits both. A program reads a line for each piece of work, answers with one
 * line of JSON, and at the end of its input tells {"peakBytes"}.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bundle, buildFolder } from '../fixtures/bundle.ts'
import { cacheDirectory } from '../../main/paths.ts'
import { workerEnvironment } from '../../main/supervisor/worker-environment.ts'

export interface Contender {
  /** One piece of work. */
  work(): Promise<Record<string, number>>
  /** Ends it. */
  end(): Promise<{ peakBytes: number }>
}

/** Each in a virtual environment of its own: PyTorch's is large, and only some benchmarks need it. */
const ENVIRONMENTS = {
  keras: {
    packages: ['tensorflow-cpu', 'keras', 'pillow', 'numpy', 'scikit-learn', 'onnxruntime'],
    size: '300 MB'
  },
  torch: { packages: ['torch', 'torchvision', 'timm', 'pillow', 'numpy'], size: '3 GB' },
  statistics: {
    packages: ['numpy==2.4.6', 'scipy==1.17.1', 'statsmodels==0.15.0', 'scikit-learn==1.9.1'],
    size: '80 MB'
  },
  viewers: { packages: ['tensorboard==2.21.0', 'mlflow-skinny==3.17.2'], size: '90 MB' },
  trackers: {
    packages: ['mlflow==3.17.2', 'tensorboard==2.21.0', 'tensorflow-cpu', 'numpy'],
    size: '900 MB'
  },
  aim: { packages: ['aim==3.29.1', 'numpy'], size: '250 MB' }
} as const

export type Environment = keyof typeof ENVIRONMENTS

export const benchCache = (): string => join(cacheDirectory(process.env, process.platform, homedir()), 'bench')

/** Starts peers/SCRIPT in a virtual environment, which is made the first time. */
export async function pythonPeer(
  script: string,
  args: readonly string[],
  environment: Environment = 'keras'
): Promise<Contender> {
  const python = await pythonEnvironment(environment)
  return converse(spawn(python, [join(import.meta.dirname, 'peers', script), ...args], silent()), script)
}

/** Bundles programs/NAME.ts as the product is bundled, and starts it. @param moreThreads entries beside it, name → source */
export async function ownProgram(
  name: string,
  args: readonly string[],
  moreThreads: Record<string, string> = {}
): Promise<Contender> {
  const folder = buildFolder('bench')
  const threads = Object.fromEntries(
    ['augment', 'onnx-session'].map((thread) => [thread, `main/engine/threads/${thread}.ts`])
  )
  await bundle({ [name]: `test/bench/programs/${name}.ts`, ...threads, ...moreThreads }, folder)
  const { stdio, env } = silent()
  const child = spawn(process.execPath, [join(folder, `${name}.cjs`), ...args], { stdio, env: workerEnvironment(env) })
  return converse(child, name)
}

/** Some rounds to warm up, then `rounds` rounds that count, the contenders one after the other in each. */
export async function takeTurns(
  contenders: readonly Contender[],
  { warmUp, rounds }: { warmUp: number; rounds: number }
): Promise<Record<string, number>[][]> {
  const answers: Record<string, number>[][] = contenders.map(() => [])
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const answer = await contender.work()
      if (round >= warmUp) answers[index]!.push(answer)
    }
  }
  return answers
}

/** Its Python. The packages are part of the folder's name, so that a change of them makes a new one. */
export async function pythonEnvironment(environment: Environment): Promise<string> {
  const { packages, size } = ENVIRONMENTS[environment]
  const version = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 8)
  const folder = join(benchCache(), `venv-${environment}-${version}`)
  const [bin, name] = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']
  const python = join(folder, bin, name)
  const marker = join(folder, 'complete')
  if (existsSync(marker)) return python
  await mkdir(benchCache(), { recursive: true })
  console.error(`Setting up the Python peers (${environment}: about ${size}, once) …`)
  await finished(spawn(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', '--clear', folder]))
  await finished(spawn(python, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: 'inherit' }))
  await finished(spawn(python, ['-c', `open(${JSON.stringify(marker)}, 'w').close()`]))
  return python
}

/** A command as a contender: each piece of work is a run of it, from its start to its end. */
export function wholeCommand(command: string, args: () => readonly string[]): Contender {
  return {
    async work() {
      const start = performance.now()
      const child = spawn(command, [...args()], silent())
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      let errors = ''
      child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)))
      await finished(child).catch((error: Error) => {
        throw new Error(`${error.message}:\n${errors}`)
      })
      const seconds = (performance.now() - start) / 1000
      return { seconds, accuracy: accuracyIn(output) }
    },
    end: () => Promise.resolve({ peakBytes: NaN })
  }
}

/** In one document over several lines, or in the last line. */
function accuracyIn(output: string): number {
  const text = output.trim().startsWith('{') ? output : output.trim().split('\n').at(-1)!
  const { accuracy, test } = JSON.parse(text) as { accuracy?: number; test?: { accuracy: number } }
  return accuracy ?? test?.accuracy ?? NaN
}

const silent = () => ({
  stdio: ['pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'],
  env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' }
})

function converse(child: ReturnType<typeof spawn>, name: string): Contender {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  let errors = ''
  child.stderr!.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)))
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${name} ended without an answer:\n${errors}`)
    return JSON.parse(value) as T
  }
  return {
    work: () => {
      child.stdin!.write('\n')
      return answer()
    },
    end: () => {
      child.stdin!.end()
      return answer()
    }
  }
}

async function finished(child: ChildProcess): Promise<void> {
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${String(code)}`)
}
