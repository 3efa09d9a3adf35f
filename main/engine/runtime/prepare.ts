/**
 * Prepares the TensorFlow runtime in the user's cache folder: fetch the wheel, unpack the C library, compile the binding, run a
 * first operation. Every step can be cut short: what is complete is kept, what is partial is made again, and the runtime counts
 * only once its manifest is written.
 */
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'
import { buildBinding, requireCompiler } from './build-binding'
import { bindingSources, systemCompilers } from './compiler'
import { codedFileError, removeTree, requireSpace } from './files'
import { withLock } from './lock'
import { Log } from './log'
import { findRuntime, locationOf, recordRuntime, runtimeRoot } from './manifest'
import { fetchWheels, missingBytes } from './pip'
import { fetchedBytes, planRuntime, runtimeFolderName, type Flavour, type RuntimePlan } from './plan'
import { requireGlibc } from './platform'
import { phasesOf, ProgressMeter, type Progress } from './progress'
import { findPython } from './python'
import { unpackRuntime } from './unpack'
import { runFirstOperation, type FirstOperation } from './verify'

export interface PrepareOptions {
  /** See `cacheDirectory` in main/paths.ts. */
  cacheDirectory: string
  flavour: Flavour
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
  /** Where PATH and pip's settings come from. */
  env?: NodeJS.ProcessEnv
}

export interface PreparedRuntime extends FirstOperation {
  location: RuntimeLocation
}

const [FETCH, UNPACK, COMPILE, FIRST_OPERATION] = [0, 1, 2, 3]
const TICK_MS = 250
/** What the compiler, the headers and the rounding of file systems take besides. */
const SPARE_BYTES = 100_000_000
/** A fetched compiler, unpacked, with the libraries it builds. */
const ZIG_BYTES = 800_000_000

/**
 * Loads the runtime into this process at the end, so that it is called in a process of its own. Nothing is fetched when it is
 * already prepared. A log of it all lies in the cache folder, as `runtime/prepare-<flavour>.log`.
 *
 * @throws StudioError of the area `runtime`; job/cancelled when the signal was aborted
 */
export async function prepareRuntime(options: PrepareOptions): Promise<PreparedRuntime> {
  const { cacheDirectory, flavour, signal } = options
  const plan = planRuntime(flavour, process.platform, process.arch)
  const root = runtimeRoot(cacheDirectory)
  const report = options.onProgress ?? (() => undefined)
  try {
    await mkdir(root, { recursive: true })
    const file = join(root, `${runtimeFolderName(plan)}.lock`)
    let seen: Progress = { phase: 'Another studio prepares TensorFlow', progress: 0, etaSeconds: null }
    const onWaiting = (progress: Progress | null): void => report((seen = progress ?? seen))
    return await withLock({ file, signal, onWaiting }, async (tell) => {
      const location = await findRuntime(cacheDirectory, plan, bindingSources().version)
      if (location) return { location, ...runFirstOperation(location) }
      const log = new Log(join(root, `prepare-${flavour}.log`))
      try {
        return await build(options, plan, log, (progress) => {
          report(progress)
          tell(progress)
        })
      } catch (error) {
        log.write(`Failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
        throw withLog(error, log)
      }
    })
  } catch (error) {
    if (signal?.aborted) throw new StudioError('job/cancelled', 'Preparing TensorFlow was stopped.')
    throw codedFileError(error, root)
  }
}

async function build(
  { cacheDirectory, signal, env }: PrepareOptions,
  plan: RuntimePlan,
  log: Log,
  report: (progress: Progress) => void
): Promise<PreparedRuntime> {
  log.write(`TensorFlow ${plan.version}, ${plan.flavour}, ${plan.platform}`)
  requireGlibc(plan.platform)
  const python = await findPython(env, signal)
  log.write(`Python ${python.version} with pip ${python.pipVersion}: ${[python.command, ...python.args].join(' ')}`)
  const compilers = await systemCompilers(env, signal)
  requireCompiler(compilers, plan)

  const location = locationOf(cacheDirectory, plan)
  const partial = `${location.directory}.partial`
  const wheelsDirectory = join(partial, 'wheels')
  const scratch = join(partial, 'scratch')
  const staging = join(partial, 'staging')
  for (const path of [scratch, staging]) await removeTree(path)
  for (const path of [wheelsDirectory, scratch, staging]) await mkdir(path, { recursive: true })
  // A wheel is on disk twice while pip copies it, and then beside what is unpacked from it.
  const missing = await missingBytes(plan.wheels, wheelsDirectory)
  const spare = SPARE_BYTES + (compilers.length > 0 ? 0 : ZIG_BYTES)
  await requireSpace(partial, Math.max(2 * missing, missing + plan.unpackedBytes) + spare)

  const steps = { python, log, signal, env }
  const total = fetchedBytes(plan)
  const meter = new ProgressMeter(phasesOf(plan, compilers.length > 0))
  report(meter.enter(FETCH))
  const wheels = await fetchWheels({
    ...{ ...steps, wheels: plan.wheels, tags: plan.tags, directory: wheelsDirectory, scratch },
    onBytes: (bytes) => report(meter.at(bytes / total))
  })

  report(meter.enter(UNPACK))
  const onBytes = (bytes: number): void => report(meter.at(bytes / plan.unpackedBytes))
  const files = await unpackRuntime({ ...steps, plan, wheels, root: staging, onBytes })

  report(meter.enter(COMPILE))
  const begun = Date.now()
  const ticking = setInterval(() => report(meter.estimated(Date.now() - begun)), TICK_MS)
  const built = await buildBinding({ ...steps, plan, compilers, partial, root: staging }).finally(() =>
    clearInterval(ticking)
  )
  await removeTree(location.directory)
  await rename(staging, location.directory)

  report(meter.enter(FIRST_OPERATION))
  const first = runFirstOperation(location)
  log.write(`First operation: TensorFlow ${first.version} on the ${first.gpu ? 'GPU' : 'CPU'}`)
  await recordRuntime(location, plan, built, [...files, built.file])
  await removeTree(partial)
  log.write('Ready.')
  return { location, ...first }
}

/** Any failure as a coded error that carries the end of the log. */
function withLog(error: unknown, log: Log): unknown {
  if (!(error instanceof StudioError)) return error
  return new StudioError(
    error.code,
    error.message,
    { ...error.details, log: log.tail(), logFile: log.file },
    { cause: error }
  )
}
