/**
 * A folder of TensorBoard's as runs. Every folder with event files is one, named by its path, as TensorBoard has it; but the
 * `train` and `validation` folders that Keras' callback writes side by side are the two halves of one run.
 */
import { stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { ProtoError } from '@shared/formats/protobuf/reader'
import { StudioError } from '@shared/errors'
import { spanOf, toPoints, type ForeignReading, type RawPoint } from '../foreign-run'
import { filesBelow } from '../walk'
import { parseEvent, type Event } from './event'
import { readSession, type Session } from './hparams'
import { readTfRecords } from './tfrecord'

/** As `EventFileWriter` names them; TensorBoard itself looks for nothing else. */
const EVENT_FILE = /tfevents/

const HALVES: ReadonlySet<string> = new Set(['train', 'validation'])

interface Half {
  /** Put before the names of its series; '' for the folder of the run itself. */
  prefix: string
  files: string[]
}

/** @throws StudioError interop/nothing-found, interop/unreadable */
export async function* readTensorBoard(root: string): AsyncGenerator<ForeignReading & { total: number }> {
  const folders = new Map<string, string[]>()
  for (const file of await filesBelow(root)) {
    if (!EVENT_FILE.test(basename(file))) continue
    const folder = dirname(file)
    folders.set(folder, [...(folders.get(folder) ?? []), file])
  }
  if (folders.size === 0) {
    throw new StudioError('interop/nothing-found', `There is no TensorBoard event file in ${root}.`, { path: root })
  }
  const runs = asRuns(folders)
  for (const [folder, halves] of runs) yield { ...(await readRun(root, folder, halves)), total: runs.size }
}

function asRuns(folders: ReadonlyMap<string, string[]>): Map<string, Half[]> {
  const runs = new Map<string, Half[]>()
  const add = (folder: string, half: Half): void => void runs.set(folder, [...(runs.get(folder) ?? []), half])
  for (const [folder, files] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [parent, name] = [dirname(folder), basename(folder)]
    const isHalf = HALVES.has(name) && [...HALVES].every((half) => folders.has(join(parent, half)))
    if (isHalf) add(parent, { prefix: `${name}/`, files })
    else add(folder, { prefix: '', files })
  }
  return runs
}

async function readRun(root: string, folder: string, halves: readonly Half[]): Promise<ForeignReading> {
  const notes: string[] = []
  const raw: RawPoint[] = []
  const session: Session = { settings: {}, group: '', failed: null }
  const passedOver = new Set<string>()
  for (const { prefix, files } of halves) {
    // The time is in a file's name: a training that was taken up again writes another one.
    for (const file of [...files].sort()) {
      const take = ({ at, step, values }: Event): void => {
        for (const value of values) {
          const told = readSession(value)
          if (told) Object.assign(session, told)
          else if (value.scalar !== null) raw.push({ series: prefix + value.tag, step, at, value: value.scalar })
          else passedOver.add(prefix + value.tag)
        }
      }
      const note = await readFile(file, take)
      if (note) notes.push(`${relative(root, file)}: ${note}`)
    }
  }
  if (passedOver.size > 0) notes.push(`${passedOver.size} tags hold no scalars: ${some([...passedOver])}`)
  const [startedAt, endedAt] = spanOf(raw, (await stat(halves[0]!.files[0]!)).mtimeMs)
  return {
    notes,
    run: {
      source: 'tensorboard',
      origin: folder,
      name: relative(root, folder).replaceAll('\\', '/') || basename(root),
      group: session.group,
      settings: session.settings,
      tags: [],
      notes: '',
      points: toPoints(raw, startedAt),
      state: session.failed ? 'failed' : 'completed',
      startedAt,
      endedAt
    }
  }
}

/** @returns what kept it from being read to its end, or null */
async function readFile(file: string, take: (event: Event) => void): Promise<string | null> {
  try {
    const { end, at } = await readTfRecords(file, (data) => take(parseEvent(data)))
    if (end === 'damaged') return `damaged at byte ${at}; what comes before is kept`
    return end === 'cut-short' ? `ends in the middle of a record at byte ${at}; what comes before is kept` : null
  } catch (error) {
    if (error instanceof ProtoError) return `${error.message}; what comes before is kept`
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return `cannot be read: ${message}`
  }
}

const MOST_NAMED = 5

const some = (names: readonly string[]): string =>
  names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ', …' : '')
