/** An HDF5 file's groups as flat lists of datasets and attributes, read in a thread. */
import { Worker } from 'node:worker_threads'
import { StudioError } from '@shared/errors'
import type { WeightTensor } from '../../graph'
import type { H5Answer, H5Call } from '../../../threads/h5-file'
import { threadFile } from '../../../threads/locate'
import { lengthOfH5 } from './superblock'

export interface H5Content {
  /** By path, '/' between groups. Numbers of every type as float32. */
  tensors: Map<string, WeightTensor>
  /** Text attributes of each group that has any; the root is ''. */
  attributes: Map<string, Record<string, string | string[]>>
}

/** Keras does not compress, h5py can: datasets larger than this times the file are not believed. */
const MAX_RATIO = 16
const SPARE_BYTES = 2 ** 20
/** Milliseconds for a small file: a well-formed one takes a few. A damaged heap of strings can have the library go round for ever. */
const BASE_TIME = 1000
/** How many times longer it may take where the processor has other things to do. */
const PATIENCE = 30
/** Milliseconds between two looks. */
const LOOK = 50
/** Bytes a millisecond that the slowest disk and machine manage. */
const SLOWEST = 4096

/** Kept for the next file: its start takes longer than most files. It does not keep the program running. */
let kept: Worker | null = null

/**
 * @param what names the file in errors.
 * @param skip names of groups at the top that are left out.
 * @throws StudioError backbone/corrupt
 */
export async function readH5(bytes: Uint8Array, what: string, skip: readonly string[] = []): Promise<H5Content> {
  const length = lengthOfH5(bytes)
  if (length !== null && length > bytes.byteLength) {
    throw new StudioError(
      'backbone/corrupt',
      `${what} is cut short: it says that it has ${length.toLocaleString('en')} bytes, and has ${bytes.byteLength.toLocaleString('en')}.`
    )
  }
  const idle = kept
  kept = null
  idle?.ref()
  const worker = idle ?? (await startThread())
  const call: H5Call = { bytes, skip, limit: MAX_RATIO * bytes.byteLength + SPARE_BYTES }
  const answer = await ask(worker, call, BASE_TIME + bytes.byteLength / SLOWEST)
  if (answer.kind !== 'content') {
    const why = answer.kind === 'wrong' ? answer.why : 'its thread gave no answer'
    throw new StudioError('backbone/corrupt', `${what} cannot be read as HDF5: ${why}.`)
  }
  return {
    tensors: new Map(answer.datasets.map(({ path, shape, data }) => [path, { shape, data }])),
    attributes: new Map(answer.attributes.map(({ path, values }) => [path, values]))
  }
}

async function startThread(): Promise<Worker> {
  // The library tells all it thinks of a damaged file, at length; what matters comes as an answer.
  const worker = new Worker(threadFile('h5-file'), { stdout: true, stderr: true })
  worker.stdout.resume()
  worker.stderr.resume()
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  // An idle thread that dies is no reason for the program to.
  worker.on('error', () => {
    if (kept === worker) kept = null
  })
  return worker
}

/**
 * Calls back when so much time was spent, both waiting and by the processor: a program that was paused, or waits for its turn on a
 * busy machine, is not stuck. Looks are counted, since the clock goes on while everything is paused.
 */
function whenStuck(milliseconds: number, stuck: () => void): NodeJS.Timeout {
  const begun = process.cpuUsage()
  let waited = 0
  return setInterval(() => {
    waited += LOOK
    const { user, system } = process.cpuUsage(begun)
    const worked = (user + system) / 1000
    if (waited > PATIENCE * milliseconds || (waited > milliseconds && worked > milliseconds)) stuck()
  }, LOOK)
}

/** The thread is kept for the next file when it answered, and ended when it failed or took too long. */
async function ask(worker: Worker, call: H5Call, milliseconds: number): Promise<H5Answer> {
  const { answer, sound } = await new Promise<{ answer: H5Answer; sound: boolean }>((resolve) => {
    const settle = (answer: H5Answer, sound: boolean): void => {
      clearInterval(watch)
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      resolve({ answer, sound })
    }
    const fail = (why: string): void => settle({ kind: 'wrong', why }, false)
    // After a fault in mid-file the library may hold on to it, and mistake the next for it.
    const onMessage = (answer: H5Answer): void => settle(answer, answer.kind === 'content')
    const onError = (error: Error): void => fail(`the HDF5 library failed on it (${error.message})`)
    const onExit = (): void => fail('the HDF5 library gave up on it')
    const watch = whenStuck(milliseconds, () => fail('it takes too long, as damaged files do'))
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    worker.postMessage(call)
  })
  if (sound && !kept) {
    kept = worker
    worker.unref()
  } else {
    await worker.terminate()
  }
  return answer
}
