/**
 * One preparation at a time, whoever starts it: a lock file that names its holder. The second studio waits and shows the
 * first one's progress. A holder that died without letting go is noticed: its process is gone, or its heart no longer beats.
 */
import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { writeAtomically } from './files'
import type { Progress } from './progress'

const holderSchema = z.object({ pid: z.int(), host: z.string(), token: z.string() })
export type Holder = z.infer<typeof holderSchema>

const progressSchema = z.object({ phase: z.string(), progress: z.number(), etaSeconds: z.number().nullable() })

const HEARTBEAT_MS = 5000
const POLL_MS = 500
/** A machine that was busy or asleep skips some beats. */
const SILENT_MS = 60_000

export interface LockOptions {
  /** Lock file; its progress goes beside it. */
  file: string
  signal?: AbortSignal
  /** The holder's progress while this one waits; null while it has told none. */
  onWaiting: (progress: Progress | null) => void
}

/**
 * Runs `work` while holding the lock.
 *
 * @param work is given a function that tells those who wait how far it is
 * @throws the signal's reason when it is aborted while waiting
 */
export async function withLock<T>(
  options: LockOptions,
  work: (tell: (progress: Progress) => void) => Promise<T>
): Promise<T> {
  const token = await acquire(options)
  const progressFile = `${options.file}.progress`
  const beat = setInterval(() => void utimes(options.file, new Date(), new Date()).catch(() => undefined), HEARTBEAT_MS)
  // What a holder that died had told.
  let telling = rm(progressFile, { force: true })
  let over = false
  const tell = (progress: Progress): void => {
    if (over) return
    telling = telling.then(() => writeAtomically(progressFile, JSON.stringify(progress))).catch(() => undefined)
  }
  try {
    return await work(tell)
  } finally {
    clearInterval(beat)
    over = true
    await telling
    await rm(progressFile, { force: true })
    if ((await readHolder(options.file))?.token === token) await rm(options.file, { force: true })
  }
}

async function acquire({ file, signal, onWaiting }: LockOptions): Promise<string> {
  const holder: Holder = { pid: process.pid, host: hostname(), token: randomUUID() }
  for (;;) {
    signal?.throwIfAborted()
    if (await create(file, holder)) return holder.token
    const current = await readHolder(file)
    const beatAt = (await stat(file).catch(() => null))?.mtimeMs
    if (beatAt === undefined) continue
    if (isStale(current, beatAt, Date.now(), isAlive)) {
      await takeAway(file, current)
      continue
    }
    onWaiting(await readProgress(`${file}.progress`))
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}

/**
 * @param holder null: the file cannot be read, for example because its writer died in between
 * @param beatAt when the file was last touched, ms; @param alive whether a process of this machine lives
 */
export function isStale(holder: Holder | null, beatAt: number, now: number, alive: (pid: number) => boolean): boolean {
  if (holder && holder.host === hostname() && !alive(holder.pid)) return true
  return now - beatAt > SILENT_MS
}

async function create(file: string, holder: Holder): Promise<boolean> {
  try {
    const handle = await open(file, 'wx')
    await handle.writeFile(JSON.stringify(holder))
    await handle.close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Two who wait may find the same stale lock: whoever took away a fresh one by mistake puts it back. */
async function takeAway(file: string, stale: Holder | null): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  try {
    await rename(file, aside)
  } catch {
    return
  }
  if ((await readHolder(aside))?.token !== stale?.token) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}

async function readHolder(file: string): Promise<Holder | null> {
  return readJson(file, holderSchema)
}

const readProgress = (file: string): Promise<Progress | null> => readJson(file, progressSchema)

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
