/** The train worker: one process for one run. Reads the job, trains, and says how it ended. */
import { readFile } from 'node:fs/promises'
import { trainJobSchema, trainRequestSchema, type TrainMessage, type TrainRequest } from '@shared/worker-protocol/train'
import { runTraining } from '../engine/training/run-training'
import { openChannel } from './channel'

const channel = openChannel<TrainRequest, TrainMessage>(trainRequestSchema)
const stop = new AbortController()
const pause = new AbortController()

channel.onRequest(async (request) => {
  if (request.type === 'stop') return stop.abort()
  if (request.type === 'pause') return pause.abort()
  const job = trainJobSchema.parse(JSON.parse(await readFile(request.jobFile, 'utf8')))
  channel.send(await runTraining(job, channel.send, stop.signal, pause.signal))
  channel.close()
})
