/** The train worker: one process for one run, or one range test. Reads the job, trains, and says how it ended. */
import { readFile } from 'node:fs/promises'
import { trainJobSchema, trainRequestSchema, type TrainMessage, type TrainRequest } from '@shared/worker-protocol/train'
import { loadAhead } from '../engine/backbones/load-ahead'
import { findHeadRuntime } from '../engine/training/head-sessions'
import { runRangeTest } from '../engine/training/range-test/run-range-test'
import { runTraining } from '../engine/training/run-training'
import { openChannel } from './channel'

/** The end of what was no run. */
const NO_RUN: Extract<TrainMessage, { type: 'finished' }> = {
  type: 'finished',
  outcome: 'completed',
  checkpoint: null,
  epochsDone: 0,
  best: null,
  seconds: { features: 0, train: 0 },
  features: { cached: 0, computed: 0 },
  predictionsFile: null,
  checkpointFile: null
}

const channel = openChannel<TrainRequest, TrainMessage>(trainRequestSchema)
const stop = new AbortController()
const pause = new AbortController()

channel.onRequest(async (request) => {
  if (request.type === 'stop') return stop.abort()
  if (request.type === 'pause') return pause.abort()
  if (request.type === 'expect') return expectJob(request.backbonesDirectories, request.backboneId)
  const job = trainJobSchema.parse(JSON.parse(await readFile(request.jobFile, 'utf8')))
  if (request.type === 'range-test') {
    channel.send({ type: 'range-test', test: await runRangeTest(job, channel.send, stop.signal) })
    channel.send({ ...NO_RUN, outcome: stop.signal.aborted ? 'stopped' : 'completed' })
    return channel.close()
  }
  channel.send(await runTraining(job, channel.send, stop.signal, pause.signal))
  channel.close()
})

function expectJob(backbonesDirectories: string[], backboneId: string): void {
  loadAhead(backbonesDirectories, backboneId)
  try {
    findHeadRuntime()
  } catch {
    // The job says it, with what it needs the runtime for.
  }
}
