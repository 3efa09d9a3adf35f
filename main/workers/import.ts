/** The import worker: one folder, then it ends. */
import { readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { StudioError } from '@shared/errors'
import {
  importRequestSchema,
  knownImageSchema,
  type ImportJob,
  type ImportMessage,
  type ImportRequest
} from '@shared/worker-protocol/import'
import { writeError } from '../engine/importing/file-errors'
import { scanFolder, type ScanProgress } from '../engine/importing/scan'
import { openChannel } from './channel'

const PROGRESS_INTERVAL_MS = 100

const channel = openChannel<ImportRequest, ImportMessage>(importRequestSchema)
const stop = new AbortController()

channel.onRequest(async (request) => {
  if (request.type === 'stop') return stop.abort()
  channel.send({ type: 'finished', outcome: await run(request.job) })
  channel.close()
})

async function run(job: ImportJob): Promise<'completed' | 'stopped'> {
  const known = z.array(knownImageSchema).parse(JSON.parse(await readFile(job.knownFile, 'utf8')))
  try {
    const { root, thumbnailDirectory } = job
    const scan = await scanFolder({ root, known, thumbnailDirectory, signal: stop.signal, onProgress: throttled() })
    await writeFile(job.resultFile, JSON.stringify(scan)).catch((error: unknown) => {
      throw writeError(dirname(job.resultFile), error)
    })
    return 'completed'
  } catch (error) {
    if (error instanceof StudioError && error.code === 'job/cancelled') return 'stopped'
    throw error
  }
}

/** At most ten messages a second, but each new phase and the end at once. */
function throttled(): (progress: ScanProgress) => void {
  let sentAt = -Infinity
  let sentPhase = ''
  return (progress) => {
    const now = performance.now()
    const due = now - sentAt >= PROGRESS_INTERVAL_MS || progress.phase !== sentPhase || progress.done === progress.total
    if (!due) return
    sentAt = now
    sentPhase = progress.phase
    channel.send({ type: 'progress', ...progress })
  }
}
