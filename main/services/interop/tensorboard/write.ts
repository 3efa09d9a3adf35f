/** Runs as a folder that TensorBoard opens: a folder a run, with its curves as scalars and its settings as hyper-parameters. */
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import type { OutgoingRun } from '../outgoing-run'
import { scalarEvent, versionEvent } from './event'
import { sessionEnd, sessionStart } from './hparams'
import { tfRecord } from './tfrecord'

/** By which a later export knows which files it may replace. */
const SUFFIX = '.whetstone'

/**
 * @param directory of the run: made when it is missing; what an earlier export wrote there is replaced
 */
export async function writeTensorBoard(directory: string, run: OutgoingRun): Promise<void> {
  await mkdir(directory, { recursive: true })
  const before = (await readdir(directory)).filter((name) => name.includes('tfevents') && name.endsWith(SUFFIX))
  await Promise.all(before.map((name) => rm(join(directory, name))))
  const seconds = String(Math.floor(run.startedAt / 1000)).padStart(10, '0')
  const stream = createWriteStream(join(directory, `events.out.tfevents.${seconds}.${run.id}${SUFFIX}`))
  const done = finished(stream)
  // A full disk must reach the caller rather than end the process: `done` is awaited below.
  done.catch(() => undefined)
  for (const event of eventsOf(run)) {
    if (!stream.write(tfRecord(event)) && !stream.destroyed) {
      await Promise.race([new Promise<void>((resolve) => stream.once('drain', resolve)), done])
    }
  }
  stream.end()
  await done
}

function* eventsOf({
  startedAt,
  endedAt,
  settings,
  group,
  points,
  results,
  state
}: OutgoingRun): Generator<Uint8Array> {
  yield versionEvent(startedAt)
  yield sessionStart(startedAt, settings, group)
  // In the order of time: TensorBoard drops what lies before a step that it has seen, unless the file's time moves on.
  const inOrder = [...points].sort((a, b) => a.step - b.step || a.timeMs - b.timeMs)
  for (let from = 0; from < inOrder.length;) {
    const { step, epoch } = inOrder[from]!
    let to = from
    while (to < inOrder.length && inOrder[to]!.step === step) to++
    const ofStep = inOrder.slice(from, to)
    const at = startedAt + ofStep.at(-1)!.timeMs
    const values = ofStep.map(({ series, value }) => ({ tag: series, value: value ?? NaN }))
    yield scalarEvent(at, step, [...values, { tag: 'epoch', value: epoch }])
    from = to
  }
  const last = inOrder.at(-1)?.step ?? 0
  const figures = Object.entries(results).map(([tag, value]) => ({ tag, value }))
  if (figures.length > 0) yield scalarEvent(endedAt, last, figures)
  yield sessionEnd(endedAt, state === 'failed')
}
